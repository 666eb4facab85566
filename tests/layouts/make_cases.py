#!/usr/bin/env python3
"""Writes the layouts times the calls as questions for answer_cases. Nothing here knows an answer.

    make_cases.py [PATTERN ...] | answer_cases /dev/stdin
    make_cases.py --chosen | answer_cases /dev/stdin > cases.txt

A pattern selects cases by name, call.layout, with shell wildcards; without one all are written. The
chosen ones are those that cases.txt keeps: one for each rule. Read what changes in them by hand.
"""
import fnmatch
import itertools
import sys

P = 64


def entry(pages=P, share="empty", obj="-", off=0, prot=3, most=3, permanent=0):
    return (f"entry A {pages} share={share} obj={obj} off={off} prot={prot} max={most} "
            f"permanent={permanent}")


def hole(pages=P):
    return f"entry H {pages}"


def thing(number, pages=0, fill="-"):
    return f"object {number} pages={pages} fill={fill}"


RIGHTS = {0: "000", 1: "r00", 2: "0w0", 3: "rw0"}


def layouts():
    """name -> (lines, start, pages)"""
    rows = {}
    one = [entry()]
    for number, (start, pages) in enumerate([(0, 64), (0, 32), (32, 32), (16, 32)], 1):
        rows[f"single_entry_{number}"] = (one, start, pages)
    many = [entry(), entry(), entry(), entry(), entry()]
    ranges = [(0, 320), (64, 192), (32, 256), (0, 288), (32, 288), (80, 150)]
    for number, (start, pages) in enumerate(ranges, 1):
        rows[f"multiple_entries_{number}"] = (many, start, pages)
    rows["some_holes_1"] = ([entry(), hole(), entry(), hole(), entry()], 0, 320)
    rows["some_holes_2"] = ([hole(), entry(), hole(), entry(), hole()], 0, 320)
    rows["some_holes_3"] = ([entry(), hole(), entry()], 32, 128)
    rows["some_holes_4"] = ([entry(), hole(), entry()], 0, 128)
    rows["some_holes_5"] = ([entry(), hole(), entry()], 64, 128)
    rows["some_holes_6"] = ([entry(), entry(), hole(), entry(), entry()], 32, 200)
    rows["all_holes_1"] = ([hole()], 0, 64)
    rows["all_holes_2"] = ([entry(), hole(), entry()], 64, 64)
    rows["all_holes_3"] = ([entry(), hole(), entry()], 72, 32)
    rows["null_entry"] = (one, 0, 64)
    rows["nonresident_entry"] = ([entry(share="private")], 0, 64)
    rows["resident_entry"] = ([thing(0, 0, 0x41), entry(share="private", obj=0)], 0, 64)
    rows["resident_middle"] = ([thing(0, 0, 0x41), entry(share="private", obj=0)], 16, 32)
    rows["resident_small"] = ([thing(0, 0, 7), entry(4, share="private", obj=0), hole(4)], 0, 4)

    def shared(pages=P, off=0, obj=0, **more):
        return entry(pages, share="shared", obj=obj, off=off, **more)

    def cow(pages=P, off=0, obj=0, **more):
        return entry(pages, share="cow", obj=obj, off=off, **more)

    full = thing(0, 0, 0x42)
    rows["shared_entry"] = ([full, shared(), shared()], 0, 128)
    rows["shared_single"] = ([full, shared()], 0, 64)
    rows["shared_empty"] = ([thing(0), shared(), shared()], 0, 128)
    rows["shared_entry_discontiguous"] = ([full, shared(), entry(), shared()], 0, 192)
    rows["shared_entry_partial"] = ([full, shared(off=0), shared(off=32)], 0, 128)
    rows["shared_half"] = ([full, shared(off=0), shared(off=0)], 32, 64)
    rows["shared_entry_pairs"] = (
        [full, thing(1, 0, 0x43), shared(), shared(obj=1), shared(obj=1), shared()], 0, 256)
    rows["shared_entry_x1000"] = ([full] + [shared(4) for _ in range(1000)], 0, 4000)
    rows["cow_entry"] = ([full, cow(), cow()], 0, 64)
    rows["cow_both"] = ([full, cow(), cow()], 0, 128)
    rows["cow_part"] = ([full, cow(), cow()], 16, 64)
    rows["cow_unreferenced"] = ([full, cow()], 0, 64)
    rows["cow_unreferenced_part"] = ([full, cow()], 16, 32)
    rows["cow_nocow"] = ([full, cow(), shared()], 0, 128)
    rows["nocow_cow"] = ([full, shared(), cow()], 0, 128)
    rows["cow_unreadable"] = ([full, cow(prot=0), cow(prot=0)], 0, 128)
    rows["cow_unwriteable"] = ([full, cow(prot=1), cow(prot=1)], 0, 128)
    rows["small_then_hole"] = ([entry(4, most=7), hole(2)], 4, 2)
    rows["small_closed_then_hole"] = ([entry(4), hole(2)], 4, 2)
    rows["small_cow_then_hole"] = ([full, cow(4, most=7), hole(2)], 4, 2)
    rows["cow_window"] = ([thing(0, 128, 0x44), cow(off=32), cow(off=64)], 0, 128)
    last = entry(permanent=1)
    rows["permanent_entry"] = ([last], 0, 64)
    rows["permanent_part"] = ([last], 16, 32)
    rows["permanent_before_permanent"] = ([last, last], 0, 128)
    rows["permanent_before_allocation"] = ([last, entry()], 0, 128)
    rows["permanent_before_allocation_2"] = ([last, entry()], 0, 96)
    rows["permanent_before_hole"] = ([last, hole()], 0, 128)
    rows["permanent_after_allocation"] = ([entry(), last], 0, 128)
    rows["permanent_after_hole"] = ([hole(), last], 0, 128)
    rows["permanent_between"] = ([entry(), last, entry()], 0, 192)
    for most in range(4):
        for prot in range(4):
            if prot & ~most == 0:
                rows[f"protection_single_{RIGHTS[prot]}_{RIGHTS[most]}"] = (
                    [entry(prot=prot, most=most)], 0, 64)
    for left, right in itertools.product(range(4), repeat=2):
        rows[f"protection_pairs_{RIGHTS[left]}_{RIGHTS[right]}"] = (
            [entry(prot=left), entry(prot=right)], 0, 128)
    return rows


def calls():
    """name -> lines; {r} is the range"""
    rows = {
        "fault_read": ["read {r}"],
        "fault_write": ["write {r} byte=9"],
        "fault_both": ["read {r}", "state", "write {r} byte=9"],
        "mincore": ["mincore {r}"],
        "deallocate": ["do deallocate {r}"],
        "allocate": ["do allocate {r} tag=255"],
        "allocate_left": ["do allocate {r} tag=L"],
        "allocate_right": ["do allocate {r} tag=R"],
        "allocate_realloc": ["do allocate {r} tag=6"],
        "overwrite": ["do allocate {r} overwrite tag=255"],
        "overwrite_left": ["do allocate {r} overwrite tag=L"],
        "overwrite_right": ["do allocate {r} overwrite tag=R"],
        "mmap": ["do mmap {r} tag=0"],
        "wire": ["do wire {r} prot=1", "state", "do wire {r} prot=0"],
        "wire_write": ["do wire {r} prot=3", "state", "do wire {r} prot=0"],
        "wire_twice": ["do wire {r} prot=1", "do wire {r} prot=1", "state", "do wire {r} prot=0",
                       "state", "do wire {r} prot=0", "state", "do wire {r} prot=0"],
        "wire_deallocate": ["do wire {r} prot=1", "do deallocate {r}"],
        "wire_write_fault": ["do wire {r} prot=1", "write {r} byte=5"],
        "wire_protect": ["do wire {r} prot=1", "do protect {r} prot=1 set_max=0", "state",
                         "do protect {r} prot=3 set_max=0"],
        "inherit": [line for value in (0, 1, 2, 3)
                    for line in (f"do inherit {{r}} inherit={value}", "state")][:-1],
        "protect": [line for value in range(4)
                    for line in (f"do protect {{r}} prot={value} set_max=0", "state")][:-1],
    }
    for value in range(13):
        rows[f"behavior_{value}"] = [f"do behavior {{r}} behavior={value}"]
    return rows


CHOSEN = """
fault_both.cow_* fault_both.*nocow* fault_both.shared_entry_partial fault_both.resident_middle
mincore.resident_middle mincore.some_holes_3 mincore.nonresident_entry
deallocate.some_holes_3 deallocate.permanent_p* deallocate.cow_part deallocate.shared_half
allocate.some_holes_2 allocate_left.all_holes_3 allocate_left.*_then_hole
allocate_realloc.*_then_hole overwrite.multiple_entries_5 overwrite_right.cow_part
overwrite.permanent_* mmap.permanent_between
mmap.some_holes_6
wire.single_entry_[24] wire.some_holes_[136] wire.resident_* wire.cow_* wire.shared_half
wire.nocow_cow wire.protection_single_0w0_rw0 wire.protection_pairs_rw0_0w0 wire.permanent_part
wire_twice.single_entry_3 wire_twice.multiple_entries_5 wire_deallocate.multiple_entries_6
wire_protect.resident_middle wire_write.protection_single_r00_rw0
inherit.multiple_entries_5 inherit.some_holes_3
protect.cow_part protect.some_holes_4 protect.protection_pairs_r00_0w0 protect.resident_middle
behavior_[03].multiple_entries_5 behavior_4.some_holes_4 behavior_4.some_holes_6 behavior_4.cow_part
behavior_4.protection_pairs_r00_rw0 behavior_5.resident_entry
behavior_5.some_holes_4 behavior_7.protection_pairs_rw0_r00 behavior_8.resident_middle
behavior_8.cow_entry behavior_8.protection_pairs_rw0_r00 behavior_9.protection_pairs_rw0_r00
behavior_11.resident_middle behavior_11.shared_half behavior_11.some_holes_4
behavior_12.nonresident_entry behavior_12.resident_middle behavior_12.cow_entry behavior_12.nocow_cow
behavior_12.protection_pairs_rw0_r00
""".split()


def write_case(call, lines, layout):
    """One question, ended as the samples are: touch all, remove all."""
    entries, start, pages = layout
    total = sum(int(line.split()[2]) for line in entries if line.startswith("entry"))
    yield f"case {call}"
    yield from entries
    yield f"range {start} {pages}"
    yield "state"
    for line in lines:
        yield line.format(r=f"{start} {pages}")
    yield "state"
    yield f"read 0 {total}"
    yield f"write 0 {total} byte=1"
    yield f"do deallocate 0 {total}"
    yield "gone"
    yield "end"
    yield ""


def main(patterns):
    print("# units are pages")
    for (call, lines), (name, layout) in itertools.product(calls().items(), layouts().items()):
        full = f"{call}.{name}"
        if not patterns or any(fnmatch.fnmatch(full, pattern) for pattern in patterns):
            print("\n".join(write_case(full, lines, layout)))


if __name__ == "__main__":
    main(CHOSEN if sys.argv[1:] == ["--chosen"] else sys.argv[1:])
