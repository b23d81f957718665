"""The native library that a component of the world `adapter-async` brings along, as bytes: that it is linked and
works is seen where such a component runs (`component/`)."""

from caisson import native_wait


def sections(module: bytes) -> dict[int, bytes]:
    """Contents by number."""
    assert module[:8] == b"\0asm\x01\0\0\0"
    found, at = {}, 8
    while at < len(module):
        number, length, shift = module[at], 0, 0
        at += 1
        while True:
            length |= (module[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if module[at - 1] < 0x80:
                break
        found[number] = module[at : at + length]
        at += length
    assert at == len(module)
    return found


def test_every_section_ends_where_the_next_begins() -> None:
    # dylink.0, types, imports, functions, exports, elements, code and data, in the only order allowed.
    assert list(sections(native_wait.module())) == [0, 1, 2, 3, 7, 9, 10, 11]


def test_it_waits_by_the_component_models_own_function_and_by_nothing_of_wasis() -> None:
    imports = sections(native_wait.module())[2]
    assert b"\x05$root\x13[waitable-set-wait]" in imports
    assert b"wasi" not in imports


def test_python_finds_it_by_its_files_name() -> None:
    name = native_wait.FILE_NAME.removesuffix(".abi3.so")
    assert f"PyInit_{name}".encode() in sections(native_wait.module())[7]


def test_a_number_that_takes_two_bytes_is_written_as_one_that_is_not_negative() -> None:
    # In signed LEB128 the 0x40 of a last byte is the sign.
    assert native_wait._number(63) == b"\x41\x3f"
    assert native_wait._number(64) == b"\x41\xc0\x00"
    assert native_wait._number(120) == b"\x41\xf8\x00"
