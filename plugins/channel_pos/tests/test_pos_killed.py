"""The server dies between taking a sale in and ending its transaction: sent again, it is one order, given once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from orderyard_channel_pos import taking
from pos_sales import document, sale

from orderyard.core.testing.builders import House

PROGRAM = Path(__file__).with_name("killed_till.py")


def test_killed_with_the_goods_in_hand(shop: House) -> None:
    home = str(shop.system.config.home)
    command = [sys.executable, str(PROGRAM), home, shop.db.url, document(sale()).decode()]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert shop.db.row("SELECT COUNT(*) FROM sales_order") == (0,)
    assert shop.system.verify() == []
    [told] = taking.take(shop.hosted("channel_pos").desk("pos-1"), [sale()], shop.environment.now(), overrides=True)
    assert (told["verdict"], told["waits"]) == ("effective", [])
    assert shop.db.rows("SELECT status, received FROM sales_order") == [("completed", 19800)]
    assert shop.db.rows("SELECT SUM(quantity) FROM stock_move WHERE target = 'customer'") == [(2,)]
    assert shop.system.verify() == []
