//! `yiwang user add|reset-password|unlock|list`: the first administrator, and the way back in.

use super::desk::{Desk, is_about_input, refuse, told};
use super::{Ended, configured};
use crate::cli::Common;
use app::ports::PutRecord;
use app::secret::new_secret;
use app::{AppError, Config};
use city::{DepartmentKind, L10n, Person};
use clap::{Args, Subcommand};
use kernel::{CityCode, PersonId, Post, Role, Scope};
use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};

#[derive(Debug, Subcommand)]
pub enum Action {
    /// 新增人员并设置密码 · Add a person with a password
    Add(Add),
    /// 重置密码 · Set a new password
    ResetPassword {
        account: String,
        #[command(flatten)]
        password: Password,
    },
    /// 解除锁定 · Unlock after too many wrong passwords
    Unlock { account: String },
    /// 列出人员 · List the people
    List,
}

#[derive(Debug, Args)]
pub struct Add {
    /// 登录账号 · What is typed at log-in
    account: String,
    /// 姓名 · Name [default: the account]
    #[arg(long)]
    name: Option<String>,
    /// 英文姓名 · Name in English
    #[arg(long, default_value = "")]
    name_en: String,
    /// 角色，可重复 · Role, repeatable: collector, intake_operator, shift_leader, dispatcher, department_officer, handler, leader, supervisor, system_admin, security_admin, audit_admin
    #[arg(long = "role", required = true, value_parser = role, hide_possible_values = true)]
    roles: Vec<Role>,
    /// 部门编码 · Code of the department [default: administration]
    #[arg(long)]
    department: Option<String>,
    #[command(flatten)]
    password: Password,
}

#[derive(Debug, Args)]
pub struct Password {
    /// 从标准输入读取密码 · Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// 生成一次性密码，首次登录须修改 · Make a one-time password, to be changed at the first log-in
    #[arg(long, conflicts_with = "password_stdin")]
    generate: bool,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
        format!("known roles: {}", known.join(", "))
    })
}

/// A password, and whether it must be changed at the first log-in.
struct Chosen {
    text: String,
    generated: bool,
}

impl Password {
    fn choose(&self) -> anyhow::Result<Chosen> {
        if self.password_stdin {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            return Ok(Chosen { text: line.trim_end_matches(['\r', '\n']).to_owned(), generated: false });
        }
        if self.generate || !std::io::stdin().is_terminal() {
            return Ok(Chosen { text: format!("Yw-{}", &new_secret()[..14]), generated: true });
        }
        let first = rpassword::prompt_password("密码 · Password: ")?;
        let second = rpassword::prompt_password("再输一次 · Once more: ")?;
        anyhow::ensure!(first == second, "the two are not the same");
        Ok(Chosen { text: first, generated: false })
    }
}

pub async fn run(common: &Common, action: Action) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let desk = Desk::open(&config).await?;
    let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
    let done = match action {
        Action::Add(add) => {
            let password = add.password.choose()?;
            self::add(&desk, city, &add, &password).await
        }
        Action::ResetPassword { account, password } => {
            let password = password.choose()?;
            reset(&desk, city, &account, &password).await
        }
        Action::Unlock { account } => unlock(&desk, city, &account).await,
        Action::List => list(&desk, city).await,
    };
    let ended = match done {
        Ok(()) => Ended::Fine,
        Err(error) if is_about_input(&error) => refuse(error),
        Err(error) => return Err(told(error)),
    };
    desk.close().await?;
    Ok(ended)
}

async fn add(desk: &Desk, city: CityCode, add: &Add, password: &Chosen) -> Result<(), AppError> {
    let config = desk.app.config(city)?;
    let account = add.account.trim().to_lowercase();
    if config.accounts.contains_key(&account) {
        return Err(AppError::invalid("account", "taken"));
    }
    let department = match &add.department {
        Some(code) => config.organisation.by_code(code),
        None => config.organisation.iter().find(|d| d.kind == DepartmentKind::Administration),
    };
    let department = department.ok_or_else(|| AppError::invalid("department", "unknown_department"))?.id;
    if let Err(problem) = city::password::check(&password.text, &account) {
        return Err(AppError::invalid("password", problem.code()));
    }
    let roles: BTreeSet<Role> = add.roles.iter().copied().collect();
    let id = PersonId(config.people.keys().map(|id| id.0).max().unwrap_or(0) + 1);
    let name = add.name.clone().unwrap_or_else(|| account.clone());
    let person = Person {
        id,
        account: account.clone(),
        name: L10n::new(name, add.name_en.clone()),
        department,
        posts: roles.into_iter().map(|role| Post { role, department, scope: Scope::default() }).collect(),
        phone: String::new(),
        email: String::new(),
        active: true,
        version: 0,
    };
    let value = serde_json::to_value(&person).expect("a person is plain data");
    let put =
        PutRecord { kind: "people".into(), key: id.to_string(), expected_version: 0, value: Some(value) };
    desk.app.put_checked(city, None, vec![put]).await?;
    desk.app.set_password(city, id, &password.text, password.generated).await?;
    println!("{account}: added to {city}");
    show(password);
    Ok(())
}

async fn reset(desk: &Desk, city: CityCode, account: &str, password: &Chosen) -> Result<(), AppError> {
    let person = person(&*desk.app.config(city)?, account)?;
    desk.app.set_password(city, person, &password.text, password.generated).await?;
    desk.app.end_sessions(&Desk::actor(city), person.0).await?;
    println!("{account}: new password set, sessions ended");
    show(password);
    Ok(())
}

async fn unlock(desk: &Desk, city: CityCode, account: &str) -> Result<(), AppError> {
    let person = person(&*desk.app.config(city)?, account)?;
    desk.app.unlock(&Desk::actor(city), person.0).await?;
    println!("{account}: unlocked");
    Ok(())
}

async fn list(desk: &Desk, city: CityCode) -> Result<(), AppError> {
    let config = desk.app.config(city)?;
    let now = desk.app.now();
    for person in config.people.values() {
        let credential = app::ports::Store::credential(&desk.store, city, person.id).await?;
        let state = match &credential {
            _ if !person.active => "inactive",
            None => "no password",
            Some(c) if c.locked_until.is_some_and(|until| until > now) => "locked",
            Some(c) if c.must_change => "must change password",
            Some(_) => "active",
        };
        let roles: BTreeSet<&str> = person.posts.iter().map(|post| post.role.as_str()).collect();
        let roles: Vec<&str> = roles.into_iter().collect();
        println!("{}  {}  {}  {state}", person.account, person.name.zh, roles.join(","));
    }
    Ok(())
}

fn person(config: &Config, account: &str) -> Result<PersonId, AppError> {
    config.accounts.get(&account.trim().to_lowercase()).copied().ok_or(AppError::NotFound("account"))
}

/// Only a generated password is shown: the person has to learn it.
fn show(password: &Chosen) {
    if password.generated {
        println!("password: {} (must be changed at the first log-in)", password.text);
    }
}
