//! What people report, in the words they use.

use rand::Rng;

pub const ROADS: [&str; 24] = [
    "人民路",
    "建设路",
    "东风街",
    "胜利街",
    "北海路",
    "健康街",
    "四平路",
    "和平路",
    "民生街",
    "福寿街",
    "鸢飞路",
    "潍州路",
    "玉清街",
    "文化路",
    "新华路",
    "虞河路",
    "青年路",
    "向阳路",
    "永安路",
    "月河路",
    "清平路",
    "金马路",
    "宝通街",
    "樱前街",
];
pub const THINGS: [&str; 20] = [
    "井盖",
    "路灯",
    "行道树",
    "垃圾箱",
    "公交站亭",
    "护栏",
    "路面",
    "雨水箅子",
    "交通信号灯",
    "广告牌",
    "共享单车",
    "消防栓",
    "电力井",
    "通信交接箱",
    "绿化带",
    "人行道",
    "桥梁",
    "公厕",
    "健身器材",
    "标志牌",
];
pub const TROUBLES: [&str; 12] = [
    "丢失",
    "破损",
    "倾斜",
    "不亮",
    "积水",
    "占道经营",
    "乱堆物料",
    "暴露垃圾",
    "塌陷",
    "堵塞",
    "无照游商",
    "违规张贴",
];
/// One report in twenty is in English.
pub const ENGLISH: [&str; 16] = [
    "pothole",
    "streetlight",
    "graffiti",
    "rubbish",
    "manhole",
    "sidewalk",
    "noise",
    "flooding",
    "signal",
    "bench",
    "playground",
    "sewer",
    "branch",
    "poster",
    "scooter",
    "hydrant",
];

pub fn report(dice: &mut impl Rng) -> String {
    if dice.random_ratio(1, 20) {
        let (thing, other) = (one(dice, &ENGLISH), one(dice, &ENGLISH));
        return format!(
            "Broken {thing} near the {other}, number {} on this road, please repair",
            dice.random_range(1..400)
        );
    }
    format!(
        "{}{}号附近{}{}，影响通行，请尽快派人处理，已经反映过{}次",
        one(dice, &ROADS),
        dice.random_range(1..400),
        one(dice, &THINGS),
        one(dice, &TROUBLES),
        dice.random_range(0..5)
    )
}

pub fn address(dice: &mut impl Rng) -> String {
    format!("{} {} 号", one(dice, &ROADS), dice.random_range(1..400))
}

pub fn one<'a, T: ?Sized>(dice: &mut impl Rng, of: &[&'a T]) -> &'a T {
    of[dice.random_range(0..of.len())]
}
