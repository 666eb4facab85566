"""faultline-gdb.py - the model's structures in gdb, and every map and object of a world

gdb loads it by itself beside a program named `faultline`, where its auto-load safe path allows; else:

    (gdb) source faultline-gdb.py
    (gdb) faultline-vmmap                  every map of the current world
    (gdb) faultline-vmmap $system          or of a struct vm_system * of yours
    (gdb) faultline-objects                objects and their shadow and copy chains
    (gdb) print *entry                     entries, maps, objects, tasks and events in one line

It reads memory only: it works on a core file too, but for worlds that are kept for each thread.
"""
import gdb
import gdb.printing


def number(value):
    return int(value)


def rights(prot):
    return "".join(letter if prot >> bit & 1 else "-" for bit, letter in enumerate("rwx"))


def listed(head, kind):
    """The structs of one kind on a struct vmm_list, which they are linked by."""
    struct = gdb.lookup_type(kind)
    pointer = struct.pointer()
    offset = struct["link"].bitpos // 8
    byte = gdb.lookup_type("char").pointer()
    at = head["next"]
    while at != head.address:
        yield (at.cast(byte) - offset).cast(pointer)
        at = at["next"]


# ---- one line for each struct ----

def entry_text(entry):
    where = "nothing yet"
    if entry["object"]:
        where = f"object {number(entry['object']['id'])} +0x{number(entry['offset']):x}"
    elif entry["submap"]:
        where = f"submap +0x{number(entry['offset']):x}"
    marks = [name for name in ("needs_copy", "is_shared", "permanent", "in_transition") if entry[name]]
    return (f"[0x{number(entry['start']):x}, 0x{number(entry['end']):x}) "
            f"{rights(number(entry['protection']))}/{rights(number(entry['max_protection']))} "
            f"wired {number(entry['wired_count'])}/{number(entry['user_wired_count'])} {where}"
            + "".join(f" {mark}" for mark in marks))


def object_text(value):
    text = (f"object {number(value['id'])} refs {number(value['ref_count'])} size 0x{number(value['size']):x} "
            f"wired pages {number(value['wired_page_count'])} {str(value['copy_strategy'])[len('VM_COPY_'):].lower()}")
    for name in "shadow", "copy":
        if value[name]:
            text += f" {name} {number(value[name]['id'])}"
    return text + (" true_share" if value["true_share"] else "")


def map_text(value):
    entries = sum(1 for _ in listed(value["entries"], "struct vm_map_entry"))
    return (f"map of space {number(value['space'])}, {entries} entries, "
            f"0x{number(value['size']):x} bytes, {number(value['ref_count'])} references")


def task_text(value):
    return f"task {number(value['id'])}, {number(value['faults'])} faults, {map_text(value['map'].dereference())}"


def event_text(value):
    return (f"#{number(value['sequence'])} {str(value['kind']).removeprefix('EV_')} cpu {number(value['cpu'])} "
            f"space {number(value['space'])} object {number(value['object'])} va 0x{number(value['va']):x} "
            f"length 0x{number(value['length']):x} ppn {number(value['ppn'])} {rights(number(value['prot']))} "
            f"detail {number(value['detail'])} count {number(value['count'])} status {number(value['status'])}")


class OneLine:
    text = None

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return type(self).text(self.value)


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("faultline")
    for kind, text in (("vm_map_entry", entry_text), ("vm_object", object_text), ("vm_map", map_text),
                       ("vm_task", task_text), ("trace_event", event_text)):
        collection.add_printer(kind, f"^{kind}$", type(kind, (OneLine,), {"text": staticmethod(text)}))
    return collection


# ---- commands ----

def current_system(argument):
    if argument.strip():
        return gdb.parse_and_eval(argument)
    current = gdb.parse_and_eval("vmk_model_current")
    world = gdb.parse_and_eval("*vmk_model_current.slot()") if current["slot"] else current["world"]
    if not world:
        raise gdb.GdbError("there is no current world here: name a struct vm_system *")
    return world["system"]


class Vmmap(gdb.Command):
    """faultline-vmmap [SYSTEM]: every map, entry by entry. SYSTEM: a struct vm_system *; else the current world's."""

    def __init__(self):
        super().__init__("faultline-vmmap", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for each in listed(current_system(argument)["maps"], "struct vm_map"):
            print(map_text(each))
            for entry in listed(each["entries"], "struct vm_map_entry"):
                print("  " + entry_text(entry))


class Objects(gdb.Command):
    """faultline-objects [SYSTEM]: every object. SYSTEM: a struct vm_system *; else the current world's."""

    def __init__(self):
        super().__init__("faultline-objects", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for each in listed(current_system(argument)["objects"], "struct vm_object"):
            print(object_text(each))


gdb.printing.register_pretty_printer(gdb.current_objfile(), printers(), replace=True)
Vmmap()
Objects()
