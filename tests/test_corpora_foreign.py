"""Pickle files of others are taken apart, never run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import InputError
from emofuse.corpora.foreign import read_plain_data
from emofuse.corpora.synth.foreign import write_plain_pickle

META = {"v_0": {"text": "naïve ’quote’", "label": [0, 1, 0], "fps": 29.97, "big": 2**40}}
ODD = {"k": ((1, -2), (), (1.5, "x", 300, 70000), True, None, False), "again": [["a"], ["a"]]}
# What Python 3.11 wrote for META and for ODD (its two lists being one object), by protocol.
WRITTEN = {
    0: (
        "286470300a56765f300a70310a286470320a56746578740a70330a566e61ef7665205c75323031397175"
        "6f74655c75323031390a70340a73566c6162656c0a70350a286c70360a49300a6149310a6149300a6173"
        "566670730a70370a4632392e39370a73566269670a70380a4c313039393531313632373737364c0a7373"
        "2e",
        "286470300a566b0a70310a282849310a492d320a7470320a28742846312e350a56780a70330a49333030"
        "0a4937303030300a7470340a4930310a4e4930300a7470350a7356616761696e0a70360a286c70370a28"
        "6c70380a56610a70390a616167380a61732e",
    ),
    1: (
        "7d71005803000000765f3071017d710228580400000074657874710358120000006e61c3af766520e280"
        "9971756f7465e28099710458050000006c6162656c71055d7106284b004b014b00655803000000667073"
        "710747403df851eb851eb8580300000062696771084c313039393531313632373737364c0a75732e",
        "7d71002858010000006b710128284b014afeffffff7471022928473ff800000000000058010000007871"
        "034d2c014a701101007471044930310a4e4930300a7471055805000000616761696e71065d7107285d71"
        "08580100000061710961680865752e",
    ),
    2: (
        "80027d71005803000000765f3071017d710228580400000074657874710358120000006e61c3af766520"
        "e2809971756f7465e28099710458050000006c6162656c71055d7106284b004b014b0065580300000066"
        "7073710747403df851eb851eb8580300000062696771088a0600000000000175732e",
        "80027d71002858010000006b7101284b014afeffffff8671022928473ff8000000000000580100000078"
        "71034d2c014a70110100747104884e897471055805000000616761696e71065d7107285d710858010000"
        "0061710961680865752e",
    ),
    3: (
        "80037d71005803000000765f3071017d710228580400000074657874710358120000006e61c3af766520"
        "e2809971756f7465e28099710458050000006c6162656c71055d7106284b004b014b0065580300000066"
        "7073710747403df851eb851eb8580300000062696771088a0600000000000175732e",
        "80037d71002858010000006b7101284b014afeffffff8671022928473ff8000000000000580100000078"
        "71034d2c014a70110100747104884e897471055805000000616761696e71065d7107285d710858010000"
        "0061710961680865752e",
    ),
    4: (
        "80049559000000000000007d948c03765f30947d94288c0474657874948c126e61c3af766520e2809971"
        "756f7465e28099948c056c6162656c945d94284b004b014b00658c036670739447403df851eb851eb88c"
        "03626967948a0600000000000175732e",
        "80049546000000000000007d94288c016b94284b014afeffffff86942928473ff80000000000008c0178"
        "944d2c014a701101007494884e8974948c05616761696e945d94285d948c01619461680865752e",
    ),
    5: (
        "80059559000000000000007d948c03765f30947d94288c0474657874948c126e61c3af766520e2809971"
        "756f7465e28099948c056c6162656c945d94284b004b014b00658c036670739447403df851eb851eb88c"
        "03626967948a0600000000000175732e",
        "80059546000000000000007d94288c016b94284b014afeffffff86942928473ff80000000000008c0178"
        "944d2c014a701101007494884e8974948c05616761696e945d94285d948c01619461680865752e",
    ),
}


@pytest.mark.parametrize("protocol", sorted(WRITTEN))
def test_what_python_writes_is_read(tmp_path, protocol):
    for written, value in zip(WRITTEN[protocol], (META, ODD), strict=True):
        path = tmp_path / "meta.pkl"
        path.write_bytes(bytes.fromhex(written))
        assert read_plain_data(path) == value


@pytest.mark.parametrize(
    ("content", "instruction"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "GLOBAL"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "STACK_GLOBAL"),
        (b"(S'true'\nios\nsystem\n.", ""),
        (b"\x80\x02]\x85R.", "REDUCE"),
        (b"\x80\x02}b.", ""),
    ],
)
def test_what_would_import_or_call_is_refused_and_nothing_runs(tmp_path, content, instruction):
    path = tmp_path / "meta.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"more than plain data \(instruction {instruction}"):
        read_plain_data(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x80\x02}(X\x01\x00\x00\x00a",
        b"\x80\x02u.",
        b"\x80\x02G?\xf0\0\0\0\0\0\0(K\x01K\x02u.",
    ],
)
def test_what_is_torn_is_refused(tmp_path, content):
    path = tmp_path / "meta.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a whole pickle file"):
        read_plain_data(path)


plain = st.recursive(
    st.text() | st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(plain)
def test_what_synthesis_writes_is_read(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "plain.pkl"
    write_plain_pickle(path, value)
    assert read_plain_data(path) == value
