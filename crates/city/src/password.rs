//! What a password must be. Hashing is the store's business.

use crate::text::L10n;
use crate::tokens::normalise;
use serde::{Deserialize, Serialize};

/// Shortest password, in characters.
pub const CHARS_MIN: usize = 10;
/// From here on the kinds of characters do not matter: a phrase of words is good enough.
pub const PHRASE_CHARS_MIN: usize = 16;
/// Longer ones are refused: hashing costs by length.
pub const CHARS_MAX: usize = 128;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProblem {
    #[error("the password has fewer than {CHARS_MIN} characters")]
    TooShort,
    #[error("the password has more than {CHARS_MAX} characters")]
    TooLong,
    #[error(
        "the password needs three of small letters, capitals, digits, other signs, or {PHRASE_CHARS_MIN} characters"
    )]
    TooPlain,
    #[error("the password holds the account name")]
    HoldsAccount,
    #[error("the password is among the most common ones")]
    TooCommon,
}

impl PasswordProblem {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::TooPlain => "password_too_plain",
            Self::HoldsAccount => "password_holds_account",
            Self::TooCommon => "password_too_common",
        }
    }

    #[must_use]
    pub fn text(self) -> L10n {
        let zh = match self {
            Self::TooShort => format!("密码至少 {CHARS_MIN} 个字符"),
            Self::TooLong => format!("密码最多 {CHARS_MAX} 个字符"),
            Self::TooPlain => {
                format!("密码须含大写、小写、数字、符号中的三类，或不少于 {PHRASE_CHARS_MIN} 个字符")
            }
            Self::HoldsAccount => "密码不能包含账号".to_owned(),
            Self::TooCommon => "密码过于常见".to_owned(),
        };
        L10n::new(zh, self.to_string())
    }
}

/// # Errors
/// The first rule the password breaks, in the order of [`PasswordProblem`].
pub fn check(password: &str, account: &str) -> Result<(), PasswordProblem> {
    let chars = password.chars().count();
    if chars < CHARS_MIN {
        return Err(PasswordProblem::TooShort);
    }
    if chars > CHARS_MAX {
        return Err(PasswordProblem::TooLong);
    }
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_numeric),
        password
            .chars()
            .any(|c| !c.is_alphanumeric() || (c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase())),
    ];
    if chars < PHRASE_CHARS_MIN && kinds.iter().filter(|kind| **kind).count() < 3 {
        return Err(PasswordProblem::TooPlain);
    }
    let plain = normalise(password);
    let account = normalise(account.trim());
    if account.len() >= 3 && plain.contains(&account) {
        return Err(PasswordProblem::HoldsAccount);
    }
    if is_common(&plain) {
        return Err(PasswordProblem::TooCommon);
    }
    Ok(())
}

/// A common word with signs and digits around it (`Password2026!`), one doubled, one character or a run of
/// neighbours throughout.
fn is_common(plain: &str) -> bool {
    let not_letter = |c: char| !c.is_alphabetic();
    let cores = [plain, plain.trim_end_matches(not_letter), plain.trim_matches(not_letter)];
    let candidates = cores.iter().flat_map(|core| [(*core).to_owned(), core.chars().map(unmask).collect()]);
    let common = candidates.into_iter().any(|text: String| {
        let chars: Vec<char> = text.chars().collect();
        let half: String = chars[..chars.len() / 2].iter().collect();
        let doubled = !half.is_empty() && text == half.repeat(2) && COMMON.contains(&half.as_str());
        doubled || COMMON.contains(&text.as_str())
    });
    let chars: Vec<char> = plain.chars().collect();
    let step = |delta: i64| {
        chars.windows(2).all(|w| i64::from(u32::from(w[1])) - i64::from(u32::from(w[0])) == delta)
    };
    common || step(0) || step(1) || step(-1)
}

/// The letter a sign or digit stands for in `P@ssw0rd`.
const fn unmask(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '3' => 'e',
        '$' | '5' => 's',
        '!' | '1' => 'i',
        _ => c,
    }
}

/// Words and rows of keys people choose first; compared without the digits and signs around them.
const COMMON: &[&str] = &[
    "1234567890",
    "12345678901",
    "123456789012",
    "0123456789",
    "9876543210",
    "0987654321",
    "1111111111",
    "0000000000",
    "1212121212",
    "1231231234",
    "123123123123",
    "1122334455",
    "112233445566",
    "1357924680",
    "147258369",
    "1472583690",
    "159357159357",
    "5201314520",
    "52013145201314",
    "1314520520",
    "520520520520",
    "111222333444",
    "123456abcdef",
    "abc123456789",
    "123456789abc",
    "a123456789",
    "aa123456789",
    "q123456789",
    "qq123456789",
    "123456789a",
    "123456789q",
    "abcd123456",
    "abcd12345678",
    "abc1234567",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "q1w2e3r4t5",
    "1qaz2wsx3edc",
    "1qaz2wsx",
    "1qaz@wsx",
    "1qaz@wsx3edc",
    "qaz123wsx456",
    "qwertyuiop",
    "qwertyuiop123",
    "qwerty",
    "qwerty123456",
    "qwerty12345",
    "qwert",
    "asdfghjkl",
    "asdfgh",
    "asdfghjkl123",
    "zxcvbnm",
    "zxcvbnm123",
    "qazwsx",
    "qazwsxedc",
    "qazwsxedcrfv",
    "poiuytrewq",
    "lkjhgfdsa",
    "mnbvcxz",
    "zaqwsx",
    "zaq12wsx",
    "zaq1xsw2",
    "password",
    "passwd",
    "passw",
    "password1",
    "pass",
    "passcode",
    "mypassword",
    "newpassword",
    "password123",
    "admin",
    "administrator",
    "adminadmin",
    "root",
    "rootroot",
    "toor",
    "system",
    "sysadmin",
    "superuser",
    "superadmin",
    "manager",
    "operator",
    "guest",
    "user",
    "username",
    "test",
    "testtest",
    "tester",
    "testing",
    "demo",
    "demodemo",
    "default",
    "changeme",
    "changeit",
    "change",
    "welcome",
    "welcometo",
    "letmein",
    "letmeinnow",
    "login",
    "signin",
    "master",
    "secret",
    "topsecret",
    "access",
    "iloveyou",
    "iloveu",
    "ilovechina",
    "iloveyouforever",
    "lovelove",
    "loveyou",
    "forever",
    "sunshine",
    "princess",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "spiderman",
    "shadow",
    "michael",
    "jordan",
    "jennifer",
    "charlie",
    "freedom",
    "whatever",
    "trustno",
    "computer",
    "internet",
    "samsung",
    "google",
    "microsoft",
    "windows",
    "facebook",
    "starwars",
    "pokemon",
    "minecraft",
    "cheese",
    "pepper",
    "flower",
    "summer",
    "winter",
    "spring",
    "autumn",
    "monday",
    "friday",
    "december",
    "hello",
    "helloworld",
    "hellokitty",
    "goodluck",
    "blessed",
    "jesus",
    "nothing",
    "killer",
    "hunter",
    "ranger",
    "soccer",
    "hockey",
    "tigger",
    "ginger",
    "cookie",
    "banana",
    "orange",
    "apple",
    "silver",
    "golden",
    "diamond",
    "abcdefg",
    "abcdefgh",
    "abcdefghij",
    "abcabc",
    "abcabcabc",
    "aabbcc",
    "aaabbbccc",
    "abc",
    "abcd",
    "abcde",
    "woaini",
    "woaini1314",
    "woaini520",
    "woaiwojia",
    "woaizhongguo",
    "zhongguo",
    "zhonghua",
    "beijing",
    "shanghai",
    "guangzhou",
    "shenzhen",
    "tianjin",
    "nihao",
    "nihaoma",
    "mima",
    "mimamima",
    "wodemima",
    "wangyut",
    "taobao",
    "alibaba",
    "tencent",
    "baidu",
    "weixin",
    "wechat",
    "huawei",
    "xiaomi",
    "chengguan",
    "shuzichengguan",
    "szcg",
    "chengshi",
    "zhengfu",
    "china",
    "chinachina",
    "chinese",
    "yiwang",
    "yiwangyiwang",
    "city",
    "citycity",
    "government",
    "dragonball",
    "naruto",
    "killua",
    "asdasd",
    "asdasdasd",
    "qweqwe",
    "qweqweqwe",
    "qweasd",
    "qweasdzxc",
    "zxczxc",
    "zxcasdqwe",
    "asdzxc",
    "aaaaaa",
    "abababab",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_one_by_one() {
        use PasswordProblem::{HoldsAccount, TooCommon, TooLong, TooPlain, TooShort};
        let table = [
            ("Ab1!", Err(TooShort)),
            ("alllowercase", Err(TooPlain)),
            ("lowercase123", Err(TooPlain)),
            ("Lowercase123", Ok(())),
            ("correct horse battery staple", Ok(())),
            ("Wangli-2026x", Err(HoldsAccount)),
            ("xx-WANGLI-77", Err(HoldsAccount)),
            ("Password2026!", Err(TooCommon)),
            ("P@ssw0rd2026", Err(TooCommon)),
            ("Qwertyuiop1!", Err(TooCommon)),
            ("@dmin2026!!", Err(TooCommon)),
            ("1Qaz@wsx3edc", Err(TooCommon)),
            ("aaaaaaaaaaaaaaaaaaaa", Err(TooCommon)),
            ("abcdefghijklmnopqrst", Err(TooCommon)),
            ("东风街上的井盖丢失了A1", Ok(())),
            ("密码Mima123456", Ok(())),
        ];
        for (password, expected) in table {
            assert_eq!(check(password, "wangli"), expected, "{password}");
        }
        assert_eq!(check(&"Ab1!".repeat(40), "wangli"), Err(TooLong));
    }

    #[test]
    fn a_short_account_name_forbids_nothing() {
        assert_eq!(check("Correct7horse", "or"), Ok(()));
    }

    #[test]
    fn the_list_has_about_two_hundred_words() {
        assert!((190..=260).contains(&COMMON.len()), "{}", COMMON.len());
    }
}
