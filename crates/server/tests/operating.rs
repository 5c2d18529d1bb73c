//! The program as an operator uses it: a real process, a real store, real HTTP.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "Korrekt-Pferd-77";

fn yiwang(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yiwang"));
    command.args(arguments).arg("--data").arg(data).current_dir(data.parent().unwrap());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YIWANG_")) {
        command.env_remove(name);
    }
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    yiwang(data, arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command that must end with `code`, and answers what it said.
fn expect(code: i32, data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

fn with_input(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = yiwang(data, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn city(data: &Path) {
    expect(0, data, &["city", "add", "370700", "--name", "潍坊市", "--name-en", "Weifang"]);
    let added =
        with_input(data, &["user", "add", "boss", "--role", "system_admin", "--password-stdin"], PASSWORD);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
}

struct Server {
    child: Child,
    address: String,
    log: std::thread::JoinHandle<Vec<Value>>,
}

impl Server {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = yiwang(data, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = Vec::new();
        let address = loop {
            let line = lines.next().expect("the server ended before it was ready").unwrap();
            let line: Value =
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a log line: {line}"));
            log.push(line.clone());
            if line["message"] == "ready" {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        let log = std::thread::spawn(move || {
            log.extend(lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()));
            log
        });
        Self { child, address, log }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks it to stop as systemd does, and answers its log.
    fn stop(mut self) -> Vec<Value> {
        let begun = Instant::now();
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(begun.elapsed() < Duration::from_secs(15), "an idle server stops at once");
        self.log.join().unwrap()
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

async fn log_in(server: &Server, password: &str) -> reqwest::Response {
    client()
        .post(server.url("/api/session"))
        .header("x-yiwang", "1")
        .json(&json!({"account": "boss", "password": password}))
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_is_made_served_backed_up_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    city(&data);
    let server = Server::start(&data, &[]);

    assert_eq!(client().get(server.url("/healthz")).send().await.unwrap().status(), 200);
    let metrics = client().get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("yiwang_"), "{metrics}");
    let page = client().get(server.url("/cases")).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    let range = client()
        .get(server.url("/basemap/boston.pmtiles"))
        .header("range", "bytes=0-6")
        .send()
        .await
        .unwrap();
    assert_eq!(range.status(), 206);
    assert_eq!(range.text().await.unwrap(), "PMTiles");

    let refused = log_in(&server, "wrong-Password-1").await;
    assert_eq!(refused.status(), 401);
    let entered = log_in(&server, PASSWORD).await;
    assert_eq!(entered.status(), 200, "{}", entered.text().await.unwrap());

    // A second server may not open the same data; a backup may.
    let second = expect(1, &data, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(second.contains("in use by process"), "{second}");
    let file = folder.path().join("city.backup");
    expect(0, &data, &["backup", file.to_str().unwrap()]);
    assert!(expect(1, &data, &["restore", file.to_str().unwrap(), "--force"]).contains("in use"));

    // What the command line changes, the server sees.
    let generated = expect(0, &data, &["user", "reset-password", "boss", "--generate"]);
    let password =
        generated.lines().find_map(|l| l.strip_prefix("password: ")).unwrap().split(' ').next().unwrap();
    assert_eq!(log_in(&server, PASSWORD).await.status(), 401);
    assert_eq!(log_in(&server, password).await.status(), 200);

    let log = server.stop();
    assert_eq!(log.last().unwrap()["message"], "stopped");
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains(PASSWORD) && !text.contains(password), "a password is in the log");

    let other = folder.path().join("other");
    expect(0, &other, &["restore", file.to_str().unwrap()]);
    assert!(expect(0, &other, &["city", "list"]).contains("潍坊市"));
    assert!(expect(2, &other, &["restore", file.to_str().unwrap()]).contains("not empty"));
    let server = Server::start(&other, &[]);
    assert_eq!(log_in(&server, PASSWORD).await.status(), 200, "the password of the time of the backup");
    server.stop();
}

fn cookie_of(answer: &reqwest::Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn upload(server: &Server, cookie: &str, photo: &[u8]) -> String {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n";
    let body = [head.as_bytes(), photo, b"\r\n--edge--\r\n"].concat();
    let taken = client()
        .post(server.url("/api/attachments"))
        .header("cookie", cookie)
        .header("x-yiwang", "1")
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(taken.status(), 201);
    taken.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn fetched(server: &Server, cookie: &str, id: &str) -> Vec<u8> {
    let url = server.url(&format!("/api/attachments/{id}"));
    let answer = client().get(url).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

fn original(folder: &Path, id: &str) -> std::path::PathBuf {
    folder.join("370700/photos").join(&id[..2]).join(format!("{id}.png"))
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_in_a_backup_and_what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    city(&data);
    let photo = |shade: u8| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([shade, x as u8 * 4, y as u8 * 4]));
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let server = Server::start(&data, &[]);
    let cookie = cookie_of(&log_in(&server, PASSWORD).await);
    let first = upload(&server, &cookie, &photo(1)).await;

    // While the server runs; the second time only what is new.
    let backup = |name: &str| folder.path().join("safe").join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(folder.path().join("safe")).unwrap();
    let said = expect(0, &data, &["backup", &backup("one.backup")]);
    assert!(said.contains("3 attachments, 3 of them new"), "{said}");
    let second = upload(&server, &cookie, &photo(2)).await;
    let said = expect(0, &data, &["backup", &backup("two.backup")]);
    assert!(said.contains("6 attachments, 3 of them new"), "{said}");
    server.stop();

    // On another machine, from the copied folder alone.
    let other = folder.path().join("other");
    let said = expect(0, &other, &["restore", &backup("two.backup")]);
    assert!(said.contains("6 attachments, 6 of them new"), "{said}");
    let server = Server::start(&other, &[]);
    let cookie = cookie_of(&log_in(&server, PASSWORD).await);
    assert_eq!(fetched(&server, &cookie, &first).await, photo(1));
    assert_eq!(fetched(&server, &cookie, &second).await, photo(2));
    server.stop();

    // One is gone from the copy, then one is not what its name says: both are said, and which.
    let safe = folder.path().join("safe/attachments");
    std::fs::remove_file(original(&safe, &second)).unwrap();
    let said = expect(1, &folder.path().join("third"), &["restore", &backup("two.backup")]);
    assert!(said.contains("1 attachments") && said.contains("missing") && said.contains(&second), "{said}");
    std::fs::write(original(&safe, &first), photo(3)).unwrap();
    let said = expect(1, &folder.path().join("fourth"), &["restore", &backup("two.backup")]);
    assert!(said.contains("not what its name says") && said.contains(&first), "{said}");
    // A running city whose folder lost one says so at the next backup.
    std::fs::remove_file(original(&data.join("attachments"), &second)).unwrap();
    let said = expect(1, &data, &["backup", &backup("three.backup")]);
    assert!(said.contains("missing") && said.contains(&second), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_stream_does_not_hold_up_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    city(&data);
    let server = Server::start(&data, &[]);
    let entered = log_in(&server, PASSWORD).await;
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let stream = client().get(server.url("/api/live")).header("cookie", cookie).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let reading = tokio::spawn(stream.bytes());
    server.stop();
    // It ends, well or cut off; it does not hang.
    let _ = tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap();
}

#[test]
fn accounts_and_passwords_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(expect(2, &data, &["user", "list"]).contains("no city"));
    city(&data);
    let weak =
        with_input(&data, &["user", "add", "other", "--role", "leader", "--password-stdin"], "12345\n");
    assert_eq!(weak.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&weak.stderr).contains("password_too_short"));
    assert!(expect(2, &data, &["user", "add", "boss", "--role", "leader", "--generate"]).contains("taken"));
    assert!(expect(2, &data, &["user", "add", "x", "--role", "king"]).contains("known roles"));
    // The three administrators are three persons.
    let both = ["user", "add", "both", "--role", "system_admin", "--role", "audit_admin", "--generate"];
    expect(2, &data, &both);
    expect(0, &data, &["user", "add", "guard", "--role", "security_admin", "--generate"]);
    let list = expect(0, &data, &["user", "list"]);
    assert!(list.contains("boss") && list.contains("must change password"), "{list}");
    expect(0, &data, &["user", "unlock", "boss"]);
    expect(2, &data, &["user", "unlock", "nobody"]);
}

#[test]
fn tables_come_in_after_a_dry_run_and_go_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    city(&data);
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let good = "code,name_zh,name_en,parent_code,level,kind,areas,phone,active\r\n\
                light,路灯管理所,Street lights,government,city,responsible,,0536-1234567,true\r\n\
                green,园林中心,Parks,government,city,responsible,,,true\r\n";
    std::fs::write(file("good.csv"), good).unwrap();
    std::fs::write(file("bad.csv"), good.replace("responsible,,,true", "gardeners,,,true")).unwrap();

    let refused = expect(2, &data, &["import", "departments", &file("bad.csv"), "--dry-run"]);
    assert!(refused.contains('3') && refused.contains("kind"), "{refused}");
    let tried = expect(0, &data, &["import", "departments", &file("good.csv"), "--dry-run"]);
    assert!(tried.contains("2 would be written"), "{tried}");
    expect(0, &data, &["export", "departments", &file("before.csv"), "--plain"]);
    assert!(!std::fs::read_to_string(file("before.csv")).unwrap().contains("light"));
    expect(0, &data, &["import", "departments", &file("good.csv")]);

    expect(0, &data, &["export", "departments", &file("after.xlsx")]);
    let again = expect(0, &data, &["import", "departments", &file("after.xlsx"), "--dry-run"]);
    assert!(again.contains("6 would be written"), "{again}");

    let cases = "old_number,reported_at,text,class,stage,department_code,lng,lat,address\n\
                 A-1,2026-11-20 09:30,路灯不亮,,reported,,119.16,36.71,胜利街\n\
                 A-2,2026-11-20 09:35,井盖缺失,no-such-class,reported,,119.16,36.71,东风街\n";
    std::fs::write(file("cases.csv"), cases).unwrap();
    let some = expect(2, &data, &["import", "cases", &file("cases.csv")]);
    assert!(some.contains("1 written") && some.contains("1 with problems"), "{some}");
    expect(0, &data, &["replay", "--all"]);
    expect(0, &data, &["export", "cases", &file("cases-out.csv"), "--plain"]);
    let out = std::fs::read_to_string(file("cases-out.csv")).unwrap();
    let number = out.lines().nth(1).unwrap().split(',').next().unwrap();
    let replayed = expect(0, &data, &["replay", number]);
    assert!(replayed.contains("the row equals the replay"), "{replayed}");
    expect(2, &data, &["replay", "3707002026112099999"]);
    expect(0, &data, &["procedure", "list"]);
    expect(2, &data, &["procedure", "migrate", "--to", "9", "--dry-run"]);
    expect(2, &data, &["import", "cases", &file("no-such.csv")]);
}

#[test]
fn configuration_is_printed_checked_and_refused_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    expect(0, &data, &["config", "check"]);
    let file = folder.path().join("yiwang.toml");
    std::fs::write(&file, "[smtp]\nhost = 'mail'\nfrom = 'a@b.org'\nuser = 'u'\npassword = 'hunter2'\n")
        .unwrap();
    let printed = expect(0, &data, &["config", "print"]);
    assert!(printed.contains("host = \"mail\"") && !printed.contains("hunter2"), "{printed}");
    std::fs::write(&file, "[smtp]\nhots = 'mail'\n").unwrap();
    let refused = expect(2, &data, &["serve"]);
    assert!(refused.contains("smtp.hots") && refused.contains("yiwang.toml"), "{refused}");
    expect(2, &data, &["no-such-command"]);
    assert!(expect(0, &data, &["version"]).starts_with("yiwang "));
}

/// Makes a city, lets a program of schema 1 have made its store, starts the server once, and looks at everything.
async fn an_older_store_is_backed_up_and_upgraded(data: &Path, target: &str, more: &[&str]) -> Vec<Value> {
    let with = |words: &[&'static str]| -> Vec<String> {
        words.iter().copied().chain(more.iter().copied()).map(str::to_owned).collect()
    };
    let expect = |code: i32, words: &[&'static str]| {
        let words = with(words);
        expect(code, data, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    expect(0, &["city", "add", "370700", "--name", "潍坊市", "--name-en", "Weifang"]);
    let words = with(&["user", "add", "boss", "--role", "system_admin", "--password-stdin"]);
    let added = with_input(data, &words.iter().map(String::as_str).collect::<Vec<_>>(), PASSWORD);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    testkit::older::back_to_schema_1(target).await;

    // Only the server upgrades; a command says so and leaves the store as it is.
    let refused = expect(1, &["city", "list"]);
    assert!(refused.contains("yiwang serve") && refused.contains("schema 1"), "{refused}");
    let server = Server::start(data, more);
    assert_eq!(log_in(&server, PASSWORD).await.status(), 200);
    let log = server.stop();
    let said =
        |message: &str| log.iter().position(|line| line["message"] == message).expect("a line of the log");
    assert!(said("backed up before the upgrade") < said("upgraded"), "first the backup, then the migration");
    assert!(expect(0, &["replay", "--all"]).contains("0 differ"));
    assert!(expect(0, &["city", "list"]).contains("潍坊市"));

    testkit::older::claim_schema(target, 1000).await;
    for words in [&["serve", "--listen", "127.0.0.1:0"][..], &["city", "list"]] {
        let refused = expect(1, words);
        assert!(refused.contains("schema 1000") && refused.contains("newer program"), "{refused}");
    }
    log
}

fn copy_before_upgrade(data: &Path, extension: &str) -> std::path::PathBuf {
    let mut copies = std::fs::read_dir(data.join("backups")).unwrap().map(|entry| entry.unwrap().path());
    let is_copy = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("yiwang-before-upgrade-") && name.ends_with(extension)
    };
    copies.find(is_copy).expect("a copy made before the upgrade")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_sqlite_store_is_backed_up_and_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let target = data.join("yiwang.db").to_str().unwrap().to_owned();
    an_older_store_is_backed_up_and_upgraded(&data, &target, &[]).await;
    // The copy is the store of then: put back, it can be upgraded again.
    let copy = copy_before_upgrade(&data, ".db");
    assert_eq!(store::Store::version_of(copy.to_str().unwrap()).await.unwrap(), 1);
    let back = folder.path().join("back");
    std::fs::create_dir(&back).unwrap();
    std::fs::copy(&copy, back.join("yiwang.db")).unwrap();
    let server = Server::start(&back, &[]);
    assert_eq!(log_in(&server, PASSWORD).await.status(), 200);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_postgres_store_is_backed_up_and_upgraded() {
    let Some(fixture) = testkit::postgres::Fixture::start_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let target = fixture.database().await.unwrap();
    an_older_store_is_backed_up_and_upgraded(&data, &target, &["--database", &target]).await;
    let copy = copy_before_upgrade(&data, ".dump");
    assert_eq!(&std::fs::read(copy).unwrap()[..5], b"PGDMP");
}
