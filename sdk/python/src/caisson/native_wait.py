"""Writes the one native function that a component of the world `adapter-async` needs beside Python:
`caisson_wait.wait(waitable_set)`, which waits for news and gives them as (event, waitable, code). It is the
component model's `waitable-set.wait`, which componentize-py's runtime doesn't hand to Python.

The module is a Wasm library as componentize-py links any native extension in (WebAssembly's tool conventions,
"dynamic linking"). It is so small that it is put together here, rather than by a compiler that everybody would
have to install.
"""

from collections.abc import Iterable

FILE_NAME = "caisson_wait.abi3.so"
_MODULE = b"caisson_wait"

_I32 = 0x7F
# Numbers of the types, imports and functions, in the order in which they are written.
_TWO_TO_ONE, _ONE_TO_ONE, _NONE_TO_ONE = range(3)
_MODULE_CREATE, _AS_UNSIGNED, _WAITABLE_SET_WAIT, _BUILD_VALUE, _WAIT, _INIT = range(6)
_MEMORY_BASE, _TABLE_BASE = range(2)

# What lies where in the library's memory: texts, a PyMethodDef and the empty one that ends the list, a
# PyModuleDef, and room for what `wait` hands on.
_NAME, _FORMAT, _FUNCTION_NAME, _METHODS, _DEFINITION, _NEWS, _SIZE = 0, 16, 24, 32, 64, 120, 132
_DEFINITION_NAME, _DEFINITION_SIZE, _DEFINITION_METHODS = _DEFINITION + 20, _DEFINITION + 28, _DEFINITION + 32
_METH_O = 8
_ABI_VERSION = 3


def module() -> bytes:
    """The library."""
    return b"\0asm\x01\0\0\0" + b"".join(
        (
            _section(0, _text(b"dylink.0") + _sized(1, b"".join(map(_unsigned, (_SIZE, 3, 1, 0))))),
            _section(1, _list((_type(2), _type(1), _type(0)))),
            _section(2, _list(_imports())),
            _section(3, _list((_unsigned(_TWO_TO_ONE), _unsigned(_NONE_TO_ONE)))),
            _section(7, _list([_text(b"PyInit_" + _MODULE) + b"\x00" + _unsigned(_INIT)])),
            # The table's one element, so that Python can call `wait`.
            _section(9, _list([b"\x00" + _global(_TABLE_BASE) + b"\x0b" + _list([_unsigned(_WAIT)])])),
            _section(10, _list((_wait(), _init()))),
            _section(11, _list([b"\x00" + _global(_MEMORY_BASE) + b"\x0b" + _text(_data())])),
        )
    )


def _imports() -> Iterable[bytes]:
    env = _text(b"env")
    yield env + _text(b"memory") + b"\x02\x00\x01"
    yield env + _text(b"__indirect_function_table") + b"\x01\x70\x00\x01"
    yield env + _text(b"__memory_base") + bytes((3, _I32, 0))
    yield env + _text(b"__table_base") + bytes((3, _I32, 0))
    yield env + _text(b"PyModule_Create2") + b"\x00" + _unsigned(_TWO_TO_ONE)
    yield env + _text(b"PyLong_AsUnsignedLong") + b"\x00" + _unsigned(_ONE_TO_ONE)
    yield _text(b"$root") + _text(b"[waitable-set-wait]") + b"\x00" + _unsigned(_TWO_TO_ONE)
    # What follows its format is passed as the address where it lies.
    yield env + _text(b"Py_BuildValue") + b"\x00" + _unsigned(_TWO_TO_ONE)


def _wait() -> bytes:
    """`(self, set)`: the event goes to the first word of `_NEWS`, and the other two are written there."""
    return _body(
        _address(_NEWS),
        _local(1) + _call(_AS_UNSIGNED) + _address(_NEWS + 4) + _call(_WAITABLE_SET_WAIT),
        _store(),
        _address(_FORMAT) + _address(_NEWS) + _call(_BUILD_VALUE),
    )


def _init() -> bytes:
    """`()`: fills in the addresses that are known only now."""
    return _body(
        _address(_DEFINITION_NAME) + _address(_NAME) + _store(),
        _address(_DEFINITION_METHODS) + _address(_METHODS) + _store(),
        _address(_METHODS) + _address(_FUNCTION_NAME) + _store(),
        _address(_METHODS + 4) + _global(_TABLE_BASE) + _store(),
        _address(_DEFINITION) + _number(_ABI_VERSION) + _call(_MODULE_CREATE),
    )


def _data() -> bytes:
    memory = bytearray(_SIZE)
    for place, what in (
        (_NAME, _MODULE),
        (_FORMAT, b"(III)"),
        (_FUNCTION_NAME, b"wait"),
        (_METHODS + 8, _METH_O.to_bytes(4, "little")),
        # A reference count; and that the module has no state of its own.
        (_DEFINITION, (1).to_bytes(4, "little")),
        (_DEFINITION_SIZE, (-1).to_bytes(4, "little", signed=True)),
    ):
        memory[place : place + len(what)] = what
    return bytes(memory)


# ---- The binary format of WebAssembly ----


def _section(number: int, contents: bytes) -> bytes:
    return _sized(number, contents)


def _sized(tag: int, contents: bytes) -> bytes:
    return bytes((tag,)) + _text(contents)


def _list(items: Iterable[bytes]) -> bytes:
    items = list(items)
    return _unsigned(len(items)) + b"".join(items)


def _text(contents: bytes) -> bytes:
    return _unsigned(len(contents)) + contents


def _type(parameters: int) -> bytes:
    """A function's: so many i32, and one as the result."""
    return b"\x60" + _text(bytes([_I32] * parameters)) + _text(bytes([_I32]))


def _body(*code: bytes) -> bytes:
    return _text(b"\x00" + b"".join(code) + b"\x0b")


def _address(offset: int) -> bytes:
    return _global(_MEMORY_BASE) + _number(offset) + b"\x6a"


def _global(number: int) -> bytes:
    return b"\x23" + _unsigned(number)


def _local(number: int) -> bytes:
    return b"\x20" + _unsigned(number)


def _number(value: int) -> bytes:
    """A constant, small enough that signed and unsigned are written alike."""
    return b"\x41" + (_unsigned(value) if value < 64 else bytes((value & 0x7F | 0x80, value >> 7)))


def _call(number: int) -> bytes:
    return b"\x10" + _unsigned(number)


def _store() -> bytes:
    return b"\x36\x02\x00"


def _unsigned(value: int) -> bytes:
    """LEB128."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded) + bytes((value,))
