//! The rules of the loop, as a city would tell them.

extern crate yiwang_case as case;

mod clocks;
mod golden;
mod machine;
mod procedures;
mod roles;
mod summaries;
mod transitions;
mod world;
