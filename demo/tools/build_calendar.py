"""Writes demo/boston/calendar.json: office hours and public holidays of Boston 2014-2027."""
import datetime
import json
import pathlib

TARGET = pathlib.Path(__file__).resolve().parent.parent / "boston" / "calendar.json"
MONDAY, THURSDAY = 0, 3
# month, day or (weekday, nth; -1 = last), first year, names
HOLIDAYS = [
    (1, 1, 2014, "元旦", "New Year's Day"),
    (1, (MONDAY, 3), 2014, "马丁·路德·金日", "Martin Luther King Jr. Day"),
    (2, (MONDAY, 3), 2014, "总统日", "Presidents' Day"),
    (4, (MONDAY, 3), 2014, "爱国者日（马萨诸塞州）", "Patriots' Day (Massachusetts)"),
    (5, (MONDAY, -1), 2014, "阵亡将士纪念日", "Memorial Day"),
    (6, 19, 2021, "六月节", "Juneteenth"),
    (7, 4, 2014, "独立日", "Independence Day"),
    (9, (MONDAY, 1), 2014, "劳动节", "Labor Day"),
    (10, (MONDAY, 2), 2014, "哥伦布日／原住民日", "Columbus Day / Indigenous Peoples' Day"),
    (11, 11, 2014, "退伍军人日", "Veterans Day"),
    (11, (THURSDAY, 4), 2014, "感恩节", "Thanksgiving Day"),
    (12, 25, 2014, "圣诞节", "Christmas Day"),
]


def on(year, month, rule):
    if isinstance(rule, int):
        day = datetime.date(year, month, rule)
        return day + datetime.timedelta(days=1) if day.weekday() == 6 else day
    weekday, nth = rule
    days = [d for d in (datetime.date(year, month, 1) + datetime.timedelta(days=n) for n in range(31))
            if d.month == month and d.weekday() == weekday]
    return days[nth - 1 if nth > 0 else nth]


days = {on(year, month, rule).isoformat(): {"kind": "off", "name_zh": zh, "name_en": en}
        for year in range(2014, 2028) for month, rule, first, zh, en in HOLIDAYS if year >= first}
content = {
    "name_zh": "波士顿市政府工作日历",
    "name_en": "City of Boston office calendar",
    "calendar": {
        "version": 1,
        "zone": "America/New_York",
        "weekend": ["saturday", "sunday"],
        "seasons": [{"from": "01-01", "to": "12-31", "slots": [{"from": "08:00", "to": "12:00"}, {"from": "13:00", "to": "17:00"}]}],
        "days": dict(sorted(days.items())),
    },
    "declared_stops": [{"date": "2015-07-22", "reason_zh": "全市受理停机，当日没有任何登记", "reason_en": "Intake stopped; no case of this day is on record"}],
}
TARGET.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
print(len(days), "holidays")
