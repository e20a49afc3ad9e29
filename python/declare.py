# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes ctypes declarations of C headers as Python, and their types.

    declare.py LIBRARY PREFIX OUT.py OUT.pyi HEADER CPP...

CPP is the preprocessor command. Structures, enumerators, macros that are
integers and every function whose name begins with PREFIX_ are taken from files
beside HEADER. A function that fails returns -1 or NULL: which one, its type
tells.
"""
import ast
import os
import re
import subprocess
import sys

from pycparser import c_ast, c_generator, c_parser

SCALARS = {
    "char": "c_char", "signed char": "c_byte", "unsigned char": "c_ubyte",
    "short": "c_short", "unsigned short": "c_ushort", "int": "c_int",
    "unsigned": "c_uint", "unsigned int": "c_uint", "long": "c_long",
    "unsigned long": "c_ulong", "long long": "c_longlong",
    "unsigned long long": "c_ulonglong", "_Bool": "c_bool", "bool": "c_bool",
    "uint8_t": "c_uint8", "uint16_t": "c_uint16", "uint32_t": "c_uint32",
    "uint64_t": "c_uint64", "int8_t": "c_int8", "int16_t": "c_int16",
    "int32_t": "c_int32", "int64_t": "c_int64", "size_t": "c_size_t",
    "ssize_t": "c_ssize_t", "uintptr_t": "c_size_t",
}


class Types:
    """C types as ctypes expressions; structures in order of need."""

    def __init__(self):
        self.records = {}
        self.typedefs = {}
        self.constants = {}

    def number(self, node):
        """A constant expression of the headers: digits and names."""
        text = c_generator.CGenerator().visit(node)
        return evaluate(text, self.constants)

    def of(self, node):
        if isinstance(node, (c_ast.TypeDecl, c_ast.Decl, c_ast.Typename)):
            return self.of(node.type)
        if isinstance(node, c_ast.IdentifierType):
            name = " ".join(node.names)
            if name in SCALARS:
                return SCALARS[name]
            if name in self.typedefs:
                return self.of(self.typedefs[name])
            raise ValueError("unknown type " + name)
        if isinstance(node, c_ast.Enum):
            self.enumerate(node)
            return "c_int"
        if isinstance(node, (c_ast.Struct, c_ast.Union)):
            return self.record(node)
        if isinstance(node, c_ast.ArrayDecl):
            return f"{self.of(node.type)} * {self.number(node.dim)}"
        if isinstance(node, c_ast.PtrDecl):
            return self.pointer(node.type)
        raise ValueError(f"unknown declaration {node}")

    def pointer(self, to):
        if isinstance(to, c_ast.FuncDecl):
            return "c_void_p"
        inner = to.type if isinstance(to, c_ast.TypeDecl) else to
        if isinstance(inner, c_ast.IdentifierType):
            name = " ".join(inner.names)
            if name == "void":
                return "c_void_p"
            if name == "char":
                return "c_char_p" if "const" in to.quals else "c_void_p"
            if name in self.typedefs:
                return self.pointer(self.typedefs[name])
        if isinstance(inner, (c_ast.Struct, c_ast.Union)):
            name = self.record(inner)
            if not self.records[name][1]:
                return "c_void_p"
        return f"POINTER({self.of(to)})"

    def enumerate(self, node):
        value = -1
        for e in node.values.enumerators if node.values else []:
            value = self.number(e.value) if e.value else value + 1
            self.constants[e.name] = value

    def record(self, node):
        kind = "Union" if isinstance(node, c_ast.Union) else "Structure"
        name = node.name or f"unnamed_{node.coord.line}_{node.coord.column}"
        if node.decls is None:
            self.records.setdefault(name, (kind, None))
            return name
        if self.records.get(name, (kind, None))[1] is None:
            fields = [(d.name, self.of(d)) for d in node.decls]
            # Last place: what it is made of stands before it.
            self.records.pop(name, None)
            self.records[name] = (kind, fields)
        return name


def evaluate(text, known):
    """An integer expression, or ValueError."""
    text = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", text)
    text = re.sub(r"\((?:u?int\d+_t|unsigned|int)\)", "", text)
    tree = ast.parse(text.strip(), mode="eval")
    for n in ast.walk(tree):
        if isinstance(n, ast.Name):
            if n.id not in known:
                raise ValueError(n.id)
        elif not isinstance(n, (ast.Expression, ast.BinOp, ast.UnaryOp,
                                ast.Constant, ast.operator, ast.unaryop,
                                ast.expr_context)):
            raise ValueError(text)
    value = eval(compile(tree, "<macro>", "eval"), {}, dict(known))
    if not isinstance(value, int):
        raise ValueError(text)
    return value


def macros(cpp, header, prefix):
    """The #defines of our headers, those that are integers."""
    text = subprocess.run([*cpp, "-dM", header], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    todo = {}
    for line in text.splitlines():
        m = re.match(r"#define ([A-Z]\w*) (.+)", line)
        if m and m[1].startswith(prefix.upper()):
            todo[m[1]] = m[2]
    found, changed = {}, True
    while changed:
        changed = False
        for name in sorted(set(todo) - set(found)):
            try:
                found[name] = evaluate(todo[name], found)
                changed = True
            except (ValueError, SyntaxError):
                pass
    return found


def parse(cpp, header):
    text = subprocess.run([*cpp, header], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)(?=\s*[;,])", "", text,
                  flags=re.S)
    return c_parser.CParser().parse(text, header)


def collect(tree, folder, prefix):
    types, functions = Types(), {}
    for node in tree.ext:
        ours = node.coord and os.path.dirname(
            os.path.abspath(node.coord.file)) == folder
        if isinstance(node, c_ast.Typedef):
            if node.name not in SCALARS:
                types.typedefs[node.name] = node.type
        elif isinstance(node.type, c_ast.FuncDecl):
            if ours and node.name.startswith(prefix + "_"):
                functions[node.name] = node.type
        elif ours and isinstance(node.type, (c_ast.Struct, c_ast.Union,
                                             c_ast.Enum)):
            types.of(node.type)
    return types, functions


def result(types, decl):
    """restype, and how failure shows: 'minus', 'null', 'false' or None."""
    kind = decl.type
    if isinstance(kind, c_ast.PtrDecl):
        return types.pointer(kind.type), "null"
    names = kind.type.names if isinstance(kind.type,
                                          c_ast.IdentifierType) else []
    if names == ["void"]:
        return "None", None
    name = types.of(kind)
    if name in ("c_int", "c_long", "c_int64"):
        return name, "minus"
    return name, "false" if name == "c_bool" else None


def parameters(types, decl):
    out = []
    for p in decl.args.params if decl.args else []:
        if isinstance(p, c_ast.EllipsisParam):
            continue
        t = p.type
        if isinstance(t, c_ast.TypeDecl) and isinstance(
                t.type, c_ast.IdentifierType) and t.type.names == ["void"]:
            continue
        if isinstance(t, c_ast.ArrayDecl):
            out.append((p.name, types.pointer(t.type)))
        else:
            out.append((p.name, types.of(t)))
    return out


PYTHON = {"None": "None", "c_bool": "bool", "c_char_p": "bytes | None",
          "c_void_p": "int | None"}


def python_type(name):
    if name in PYTHON:
        return PYTHON[name]
    if name.startswith("c_"):
        return "int"
    return "Any"


def write(library, types, functions, py, pyi):
    head = "# Made by declare.py from the C headers.\n"
    py.write(head + "from ctypes import *\n\n")
    pyi.write(head + "from ctypes import Structure, Union\n"
              "from typing import Any\n\nLIBRARY: str\n"
              "FUNCTIONS: dict[str, tuple[Any, list[Any], str | None]]\n\n")
    py.write(f"LIBRARY = {library!r}\n\n")
    for name, value in sorted(types.constants.items()):
        py.write(f"{name} = {value}\n")
        pyi.write(f"{name}: int\n")
    for name, (kind, fields) in types.records.items():
        if fields is None:
            continue
        py.write(f"\n\nclass {name}({kind}):\n    _fields_ = [\n")
        pyi.write(f"\nclass {name}({kind}):\n")
        for field, what in fields:
            py.write(f"        ({field!r}, {what}),\n")
            pyi.write(f"    {field}: "
                      f"{'Any' if '*' in what else python_type(what)}\n")
        py.write("    ]\n")
    py.write("\n\n# name: (result, arguments, how failure shows)\n"
             "FUNCTIONS = {\n")
    for name, decl in sorted(functions.items()):
        restype, fails = result(types, decl)
        args = parameters(types, decl)
        py.write(f"    {name!r}: ({restype}, [{', '.join(t for _, t in args)}]"
                 f", {fails!r}),\n")
    py.write("}\n")


def main():
    library, prefix, py, pyi, header, *cpp = sys.argv[1:]
    types, functions = collect(parse(cpp, header),
                               os.path.dirname(os.path.abspath(header)),
                               prefix)
    types.constants.update(macros(cpp, header, prefix))
    with open(py, "w", encoding="ascii") as p, \
            open(pyi, "w", encoding="ascii") as i:
        write(library, types, functions, p, i)


main()
