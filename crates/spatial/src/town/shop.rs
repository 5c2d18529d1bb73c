//! Shops on street fronts, with names as they are found over Chinese shop doors. All invented.

use super::Town;
use super::component::Walk;
use super::dice::Dice;
use super::street::StreetClass;
use crate::shape::Vertex;

/// A trade (经营业态).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    /// How many of a thousand shops.
    pub share: u32,
    /// What such shops call themselves.
    signs: &'static [&'static str],
}

/// The trades of a drawn city and their shares: an assumption, not a count.
pub const TRADES: [Trade; 16] = [
    Trade {
        code: "restaurant",
        zh: "餐饮",
        en: "Restaurant",
        share: 230,
        signs: &[
            "家常菜馆",
            "火锅店",
            "烧烤店",
            "饺子馆",
            "拉面馆",
            "朝天锅",
            "肉火烧",
            "羊汤馆",
            "酒楼",
            "小吃店",
            "快餐店",
            "包子铺",
        ],
    },
    Trade {
        code: "convenience",
        zh: "便利店",
        en: "Convenience store",
        share: 150,
        signs: &["便利店", "超市", "小卖部", "百货店", "生活超市"],
    },
    Trade {
        code: "clothing",
        zh: "服装鞋帽",
        en: "Clothing",
        share: 105,
        signs: &["服装店", "童装店", "鞋店", "女装", "内衣店", "裁缝铺"],
    },
    Trade {
        code: "produce",
        zh: "生鲜果蔬",
        en: "Fresh produce",
        share: 80,
        signs: &["水果店", "蔬菜店", "鲜肉店", "海鲜行", "生鲜超市"],
    },
    Trade {
        code: "hair",
        zh: "美容美发",
        en: "Hair and beauty",
        share: 75,
        signs: &["理发店", "美发沙龙", "造型", "美容院", "美甲店"],
    },
    Trade {
        code: "pharmacy", zh: "药店", en: "Pharmacy", share: 45, signs: &["大药房", "药店", "国药堂"]
    },
    Trade {
        code: "tobacco",
        zh: "烟酒茶",
        en: "Tobacco, spirits, tea",
        share: 60,
        signs: &["烟酒店", "名烟名酒", "茶庄", "茶叶店"],
    },
    Trade {
        code: "car",
        zh: "汽车服务",
        en: "Car service",
        share: 50,
        signs: &["汽车维修", "洗车行", "轮胎店", "汽车美容"],
    },
    Trade {
        code: "hardware",
        zh: "五金建材",
        en: "Hardware",
        share: 50,
        signs: &["五金店", "建材商行", "灯具店", "门窗店", "水暖店"],
    },
    Trade {
        code: "electronics",
        zh: "手机家电",
        en: "Telephones and appliances",
        share: 35,
        signs: &["手机店", "家电维修", "数码店", "电脑店"],
    },
    Trade {
        code: "bakery",
        zh: "糕点饮品",
        en: "Bakery and drinks",
        share: 40,
        signs: &["蛋糕房", "奶茶店", "面包坊", "糕点铺"],
    },
    Trade {
        code: "education",
        zh: "教育文具",
        en: "Education and stationery",
        share: 25,
        signs: &["文具店", "书店", "画室", "琴行"],
    },
    Trade {
        code: "hotel", zh: "住宿", en: "Lodging", share: 15, signs: &["宾馆", "旅馆", "快捷酒店"]
    },
    Trade {
        code: "clinic", zh: "诊所", en: "Clinic", share: 15, signs: &["诊所", "口腔门诊", "中医馆"]
    },
    Trade {
        code: "print",
        zh: "图文广告",
        en: "Printing and signs",
        share: 15,
        signs: &["图文快印", "广告部", "照相馆"],
    },
    Trade {
        code: "laundry",
        zh: "生活服务",
        en: "Household services",
        share: 10,
        signs: &["干洗店", "开锁店", "快递驿站", "家政服务部"],
    },
];

const SURNAMES: [&str; 30] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "孙", "周", "吴", "徐", "马", "朱", "胡", "郭", "林", "高",
    "郑", "于", "谭", "韩", "牟", "庄", "臧", "冯", "宋", "鞠", "丛", "郎", "隋",
];
const LUCKY: [&str; 40] = [
    "鸿运",
    "福满",
    "盛世",
    "金源",
    "永兴",
    "和顺",
    "万家",
    "百姓",
    "惠民",
    "聚福",
    "德胜",
    "祥和",
    "宏达",
    "瑞丰",
    "嘉禾",
    "佳美",
    "如意",
    "鑫隆",
    "旺达",
    "天天",
    "好邻居",
    "老味道",
    "一品",
    "四季",
    "阳光",
    "春天",
    "知味",
    "晨光",
    "云裳",
    "悦来",
    "同心",
    "众诚",
    "恒信",
    "信达",
    "龙凤",
    "吉祥",
    "康泰",
    "益民",
    "润泽",
    "品味",
];

/// A shop drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Shop<'a> {
    /// From 1.
    pub number: u32,
    pub name: String,
    pub trade: &'static Trade,
    /// Such as 东风街128号.
    pub address: String,
    /// Its street, by position in `streets`.
    pub street: usize,
    pub street_name: &'a str,
    pub at: Vertex,
    /// The unit grid it lies in, by position in `divided.grids`.
    pub grid: usize,
    pub area_m2: u32,
    pub owner: String,
    /// A number drawn for it, for whatever else a demo wants to vary.
    pub chance: u64,
}

const END_CLEAR_M: f64 = 24.0;
const PIECE_LEAST_M: f64 = 70.0;
/// Metres of front for a pair of door numbers.
const DOOR_M: f64 = 7.0;

/// See [`Town::shops`].
pub struct Shops<'a> {
    town: &'a Town,
    pieces: Vec<usize>,
    before: Vec<f64>,
    length: f64,
    next: usize,
}

impl<'a> Shops<'a> {
    pub(super) fn new(town: &'a Town) -> Self {
        let mut shops = Self { town, pieces: Vec::new(), before: Vec::new(), length: 0.0, next: 0 };
        for (i, segment) in town.segments.iter().enumerate() {
            let class = town.streets[segment.street].class;
            if class == StreetClass::Arterial || segment.length_m < PIECE_LEAST_M {
                continue;
            }
            shops.pieces.push(i);
            shops.before.push(shops.length);
            shops.length += segment.length_m - 2.0 * END_CLEAR_M;
        }
        shops
    }

    fn draw(&self, number: usize) -> Option<Shop<'a>> {
        let town = self.town;
        let mut dice = Dice::for_item(town.plan.seed ^ 0x0005_1095, number as u64);
        #[allow(clippy::cast_precision_loss)] // tens of thousands
        let distance = (number as f64 + 0.5 + dice.between(-0.3, 0.3)) * self.length / town.plan.shops as f64;
        let i = self.before.partition_point(|before| *before <= distance).checked_sub(1)?;
        let segment = town.segments[self.pieces[i]];
        let street = &town.streets[segment.street];
        let along = END_CLEAR_M + distance - self.before[i];
        let walk = Walk::new(segment.a, segment.b, segment.length_m);
        let side = if number.is_multiple_of(2) { 1.0 } else { -1.0 };
        let off = street.class.width_m() / 2.0 + dice.between(6.0, 9.0);
        let (at, grid, left) = [side, -side].into_iter().find_map(|side| {
            let at = walk.at(along, off * side);
            town.locator.at(at).map(|grid| (at, grid, side > 0.0))
        })?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a street is a few kilometres
        let door = ((segment.from_m + along).max(0.0) / DOOR_M) as u32 * 2 + if left { 1 } else { 2 };
        let trade = trade(&mut dice);
        let (name, owner) = name(trade, street.name.as_str(), &mut dice);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 12 to 160
        let area_m2 = (12.0 + 148.0 * dice.unit() * dice.unit()) as u32;
        Some(Shop {
            number: u32::try_from(number + 1).ok()?,
            name,
            trade,
            address: format!("{}{door}号", street.name),
            street: segment.street,
            street_name: &street.name,
            at,
            grid,
            area_m2,
            owner,
            chance: dice.next(),
        })
    }
}

impl<'a> Iterator for Shops<'a> {
    type Item = Shop<'a>;

    fn next(&mut self) -> Option<Shop<'a>> {
        while self.next < self.town.plan.shops {
            let number = self.next;
            self.next += 1;
            if let Some(shop) = self.draw(number) {
                return Some(shop);
            }
        }
        None
    }
}

fn trade(dice: &mut Dice) -> &'static Trade {
    let total: u32 = TRADES.iter().map(|trade| trade.share).sum();
    let mut at = u32::try_from(dice.below(total as usize)).unwrap_or_default();
    for trade in &TRADES {
        if at < trade.share {
            return trade;
        }
        at -= trade.share;
    }
    &TRADES[0]
}

/// The name over the door and the owner's.
fn name(trade: &Trade, street: &str, dice: &mut Dice) -> (String, String) {
    const GIVEN: [&str; 24] = [
        "建国", "秀英", "志强", "桂兰", "海涛", "丽娟", "文博", "春梅", "永刚", "晓燕", "国栋", "玉珍",
        "鹏飞", "美玲", "卫东", "淑芬", "立新", "雪梅", "宝山", "红霞", "振华", "小芳", "俊杰", "爱华",
    ];
    let surname = dice.pick(&SURNAMES).copied().unwrap_or("王");
    let owner = format!("{surname}{}", dice.pick(&GIVEN).copied().unwrap_or("建国"));
    let sign = dice.pick(trade.signs).copied().unwrap_or("店");
    let lucky = dice.pick(&LUCKY).copied().unwrap_or("鸿运");
    let place = street.trim_end_matches(['街', '路', '巷', '里']);
    let name = match dice.below(10) {
        0 | 1 => format!("{surname}记{sign}"),
        2 => format!("老{surname}{sign}"),
        3 => format!("{place}{sign}"),
        4 => format!("{place}{lucky}{sign}"),
        _ => format!("{lucky}{sign}"),
    };
    (name, owner)
}
