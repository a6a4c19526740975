"""The digest, held to what other programs compute; the adapter and the simulator each by itself."""

import hashlib

import pytest
from orderyard_carrier_sf.signing import SignMode, digest, java_urlencode
from orderyard_carrier_sf.simulator.gate import expected_digest, url_encoder

# Computed by a Java virtual machine (URLEncoder, MD5, Base64). The first is the example in the platform's documents, with
# its sample word; the others hold every character on which URL encoders differ.
DOCUMENTED = ('{"language":"zh-CN","orderId":"QIAO-20200618-004"}', "12312334453453", "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci")
WORD = "TESTCHECKWORD000000000000000000"
EDGES = ('{"orderId":"OMS-1","remark":"星号*波浪~ 空格(括号)!\'加+和&%"}', "1790000000000", WORD)
RECEIVER = ('{"orderId":"OMS-2","contact":"测试收件人甲","address":"测试路1号A~B座*"}', "1790000000001", WORD)
PLAIN = ('{"orderId":"OMS-3","remark":"ABC 123"}', "1790000000002", WORD)

JAVA = [
    (DOCUMENTED, "IIKJtuLVzoFTu4kHI8M8vA=="),
    (EDGES, "+RMEzOEw7p+UoIqXIDc+Qw=="),
    (RECEIVER, "vqNPrXqo1mvAUjbo7gBqOA=="),
    (PLAIN, "dAEx57DbxotYjIH1sg5rpA=="),
]
UNENCODED = [
    (DOCUMENTED, "OwYXm3XG9fjHK7A+/t7Ckw=="),
    (EDGES, "aqDgukHP9zLimsbMD3BNAw=="),
    (RECEIVER, "Ti7n/bGUzNbebpVm4icfGA=="),
    (PLAIN, "Hiuf2m3K8FVHFJ9ozFJLeg=="),
]
PYTHON_QUOTE_PLUS = [(EDGES, "ON2568/kpTYjDFyRq4OqFQ=="), (RECEIVER, "YUYfuNUXmFEgP2O1lfn5uw==")]


@pytest.mark.parametrize(("case", "expected"), JAVA)
def test_the_standard_digest_equals_javas(case: tuple[str, str, str], expected: str) -> None:
    assert digest(*case) == expected


@pytest.mark.parametrize(("case", "expected"), UNENCODED)
def test_the_simple_digest_encodes_nothing(case: tuple[str, str, str], expected: str) -> None:
    assert digest(*case, SignMode.SIMPLE) == expected


@pytest.mark.parametrize(("case", "wrong"), PYTHON_QUOTE_PLUS)
def test_the_digest_is_not_that_of_pythons_own_encoder(case: tuple[str, str, str], wrong: str) -> None:
    assert digest(*case) != wrong


@pytest.mark.parametrize(("case", "expected"), JAVA)
def test_the_simulator_expects_javas_digest(case: tuple[str, str, str], expected: str) -> None:
    message, timestamp, word = case
    assert expected_digest({"msgData": message, "timestamp": timestamp}, word, "standard") == expected


@pytest.mark.parametrize("mode", list(SignMode))
@pytest.mark.parametrize("case", [EDGES, RECEIVER])
def test_both_sides_agree_in_every_mode(case: tuple[str, str, str], mode: SignMode) -> None:
    if mode is SignMode.SM3 and "sm3" not in hashlib.algorithms_available:
        pytest.skip("this Python's OpenSSL has no SM3 to judge with")
    message, timestamp, word = case
    assert digest(*case, mode) == expected_digest({"msgData": message, "timestamp": timestamp}, word, mode.value)


def test_every_character_is_encoded_alike_on_both_sides() -> None:
    text = "".join(map(chr, range(1, 0x180))) + "汉字、。𠮷"
    assert java_urlencode(text) == url_encoder(text)


def test_java_keeps_the_star_and_encodes_the_tilde() -> None:
    assert java_urlencode("a*~ +/中") == "a*%7E+%2B%2F%E4%B8%AD"
