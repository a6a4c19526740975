"""`orderyard import`, and the rounds that go on with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orderyard.app import Config, System
from orderyard.core.catalog.service import NewSku, add_shop, add_skus
from orderyard.core.cli import main
from orderyard.core.orders.files.upload import progress, store
from orderyard.core.testing.builders import House

CSV = """订单号,货号,数量,单价,收货人,手机,省,市,区,详细地址
T1,TEE,1,99,林静怡,13800138000,上海市,上海市,某区,某路1号
T2,TEE,1,99,王芳,13900139000,上海市,上海市,某区,某路2号
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "orderyard.toml"
    path.write_text("plugins = []\n", encoding="utf-8")
    system = System(Config(tmp_path))
    with system.installation.unit_of_work("founder") as uow:
        add_shop(uow, "cn", "Shop", "CNY")
        add_skus(uow, [NewSku("TEE", "Tee", price=9900)])
    system.close()
    return path


def called(config: Path, text: str, *arguments: str) -> Result:
    file = config.with_name("orders.csv")
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["--config", str(config), "import", str(file), "--shop", "cn", *arguments])


def test_a_preview_writes_nothing(config: Path) -> None:
    for _ in range(2):
        result = called(config, CSV, "--preview")
        assert result.exit_code == 0
        assert "number: 订单号" in result.output
        assert result.output.endswith(
            "2 rows (utf-8): 2 orders, 0 rows known already, 0 rows with problems; nothing is written\n"
        )


def test_a_file_is_taken_in_once(config: Path) -> None:
    result = called(config, CSV)
    assert (result.exit_code, result.stdout) == (0, "2 orders, 0 rows known already, 0 rows failed\n")
    changed = called(config, CSV + "T3,GHOST,0,1,林,1,上海市,上海市,某区,某路3号\n")
    assert changed.exit_code == 1
    assert changed.stdout == "0 orders, 2 rows known already, 1 rows failed\n"
    assert "F4 手机: '1' is no telephone number of CN" in changed.stderr


def test_columns_are_said_with_map(config: Path) -> None:
    text = CSV.replace("订单号", "Ref")
    refused = called(config, text)
    assert refused.exit_code == 1
    assert "no column is mapped to number: say which it is; the file has: Ref, 货号" in refused.output
    assert called(config, text, "--map", "number=Ref", "--preview").exit_code == 0
    assert "there are: number, line" in called(config, text, "--map", "Ref").output
    assert called(config, text, "--map", "number=Ref", "--unpaid").exit_code == 0


def test_the_rounds_go_on_with_a_file(house: House) -> None:
    lines = [f"T{number},TEE,1,99,林静怡,13800138000,上海市,上海市,某区,某路1号" for number in range(300)]
    data = "\n".join([CSV.splitlines()[0], *lines]).encode()
    file_id = store(house.system.installation, "person:ann", "cn", "orders.csv", data)
    house.system.go_on_with_files()
    assert progress(house.db, file_id).waiting == 50
    assert "files" in house.system.rounds.once()
    assert progress(house.db, file_id).orders == 300
