"""Derives demo/boston/responsibility.csv (class x place -> department) from the cases, and makes up demo/boston/staff.csv."""
import collections
import csv
import gzip
import itertools
import pathlib

HOME = pathlib.Path(__file__).resolve().parent.parent / "boston"
UNLOCATED = ("42.359400", "-71.058700")
SURNAMES = [("林", "Lin"), ("沈", "Shen"), ("江", "Jiang"), ("叶", "Ye"), ("陆", "Lu"), ("苏", "Su"), ("温", "Wen"), ("顾", "Gu"),
            ("梁", "Liang"), ("白", "Bai"), ("秦", "Qin"), ("方", "Fang"), ("段", "Duan"), ("石", "Shi"), ("岳", "Yue"), ("于", "Yu"),
            ("程", "Cheng"), ("裴", "Pei"), ("谢", "Xie"), ("唐", "Tang"), ("文", "Wen"), ("宋", "Song"), ("穆", "Mu")]
GIVEN = [("舟行", "Zhouxing"), ("望川", "Wangchuan"), ("听雨", "Tingyu"), ("牧云", "Muyun"), ("知秋", "Zhiqiu"), ("映雪", "Yingxue"),
         ("长庚", "Changgeng"), ("问渠", "Wenqu"), ("拾光", "Shiguang"), ("半夏", "Banxia"), ("青禾", "Qinghe"), ("疏影", "Shuying"),
         ("守拙", "Shouzhuo"), ("若谷", "Ruogu"), ("临风", "Linfeng"), ("星野", "Xingye"), ("采薇", "Caiwei"),
         ("观澜", "Guanlan"), ("行简", "Xingjian"), ("照野", "Zhaoye"), ("晚舟", "Wanzhou"), ("云起", "Yunqi"), ("清越", "Qingyue"), ("溪亭", "Xiting"), ("鹿鸣", "Luming")]
FIRST = [("艾伦", "Alan"), ("贝拉", "Bella"), ("卡尔", "Carl"), ("黛安", "Diane"), ("埃文", "Evan"), ("菲奥娜", "Fiona"), ("格兰特", "Grant"),
         ("海伦", "Helen"), ("伊恩", "Ian"), ("琼", "Joan"), ("基思", "Keith"), ("莉莉", "Lily"), ("马丁", "Martin"), ("诺拉", "Nora"), ("奥斯卡", "Oscar")]
LAST = [("松野", "Pinefield"), ("灯桥", "Lampbridge"), ("石溪", "Stonebrook"), ("苔原", "Mossmoor"), ("帆岸", "Sailshore"), ("枫谷", "Maplevale"),
        ("燕尾", "Swallowtail"), ("麦垄", "Barleyrow"), ("钟坡", "Bellslope"), ("羽川", "Featherford"), ("雾湾", "Mistharbor"), ("砾滩", "Pebblestrand"),
        ("橡门", "Oakgate"), ("云梯", "Cloudladder"), ("蓝窗", "Bluewindow"), ("铜铃", "Copperbell"), ("鹭洲", "Heronisle")]
AREA_CODES = ("617", "857", "781", "339", "508", "774", "978")


def table(name):
    opener = gzip.open if name.endswith(".gz") else open
    with opener(HOME / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(name, header, rows):
    with open(HOME / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def names():
    """Endless made-up people: two Chinese names, then one in English style; never twice the same."""
    chinese = ((f"{SURNAMES[i % 23][0]}{GIVEN[i % 25][0]}", f"{GIVEN[i % 25][1]} {SURNAMES[i % 23][1]}") for i in itertools.count())
    english = ((f"{FIRST[i % 15][0]}·{LAST[i % 17][0]}", f"{FIRST[i % 15][1]} {LAST[i % 17][1]}") for i in itertools.count())
    seen = set()
    for turn in itertools.cycle((chinese, chinese, english)):
        name = next(turn)
        if name in seen:
            raise SystemExit("out of names")
        seen.add(name)
        yield name


def responsibility(cases, queues, types):
    grids = {(g["west"], g["south"]): g["community_code"][:9] for g in table("unit_grids.csv.gz")}
    everywhere, local = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for case in cases:
        kind = types[case["type"]]
        key = (kind["edition"], kind["kind"], kind["class_code"])
        unit = queues[case["queue"]]
        everywhere[key][unit] += 1
        if (case["lat"], case["lon"]) != UNLOCATED:
            x, y = int((float(case["lon"]) + 71.2) / 0.001215), int((float(case["lat"]) - 42.22) / 0.0009)
            street = grids.get((f"{round(-71.2 + x * 0.001215, 6):.6f}", f"{round(42.22 + y * 0.0009, 6):.6f}"))
            if street:
                local[key, street][unit] += 1

    def rows(key, street, count, share, at_most):
        total = sum(count.values())
        for unit, n in sorted(count.items(), key=lambda item: (-item[1], item[0]))[:at_most]:
            if n / total >= share:
                yield (*key, street, "", unit, f"{n / total:.3f}", f"{100 * n / total:.0f}", total,
                       f"{100 * n / total:.0f} % of {total:,} such cases 2015")

    out = []
    for key in sorted(everywhere):
        out += rows(key, "", everywhere[key], 0.05, 4)
        first = everywhere[key].most_common(1)[0][0]
        for street in sorted(street for other, street in local if other == key):
            count = local[key, street]
            best, most = count.most_common(1)[0]
            if sum(count.values()) >= 12 and most / sum(count.values()) >= 0.25 and best != first:
                out += rows(key, street, count, 0.15, 2)
    write("responsibility.csv", ("edition", "kind", "class_code", "street_code", "owner", "department_code",
                                 "weight", "share_pct", "cases", "basis"), out)
    return len(out)


def staff(cases, queues):
    load = collections.Counter(queues[case["queue"]] for case in cases)
    people, name, number = [], names(), itertools.count()

    def add(account, department, role, areas="", duty_grid="", featured=False):
        n = next(number)
        zh, en = next(name)
        phone = f"{AREA_CODES[n // 100]}-555-01{n % 100:02}"
        people.append((account, zh, en, department, role, areas, "", phone, duty_grid, "true" if featured else "false"))

    duty = table("duty_grids.csv")
    size = {a["code"]: int(a["cases_2015"]) for a in table("areas.csv")}
    relief = sorted(duty, key=lambda d: -size[d["community_codes"]])[:3]
    for n, grid in enumerate(duty + relief, 1):
        add(f"collector{n:02}", "SUPC", "collector", grid["community_codes"], grid["code"], n == 1)
    for n in range(1, 9):
        add(f"intake{n:02}", "SUPC", "intake_operator", featured=n == 1)
    for n in range(1, 4):
        add(f"shift{n:02}", "SUPC", "shift_leader", featured=n == 1)
    for n in range(1, 6):
        add(f"dispatch{n:02}", "CMDC", "dispatcher", featured=n == 1)
    add("leader01", "BOS", "leader", featured=True)
    add("leader02", "BOS", "leader")
    add("supervisor01", "UPPER", "supervisor", featured=True)
    for role in ("system_admin", "security_admin", "audit_admin"):
        add(role.replace("_", "."), "BOS", role, featured=True)
    for department in table("departments.csv"):
        code, kind = department["code"], department["kind"]
        top = department["parent_code"] == "BOS"
        if not (kind == "responsible" and (load[code] or top) or kind in ("district_office", "street_office")):
            continue
        areas = department["area_code"] if kind != "responsible" else ""
        short, example = code.rstrip("_").replace("_", "").lower(), code == "PWDx-SL"
        add(f"officer.{short}", code, "department_officer", areas, featured=example)
        for n in range(1, 3 + sum(load[code] >= step for step in (200, 500, 1000, 2500))):
            add(f"handler.{short}.{n}", code, "handler", areas, featured=example and n == 1)
    write("staff.csv", ("account", "name_zh", "name_en", "department_code", "roles", "areas", "classes", "phone",
                        "duty_grid", "featured"), people)
    return len(people)


def main():
    cases = table("boston311_2015.csv.gz")
    queues = {row["queue"]: row["department_code"] for row in table("queues.csv")}
    types = {row["type"]: row for row in table("types.csv")}
    print(f"{responsibility(cases, queues, types)} responsibilities, {staff(cases, queues)} people")


main()
