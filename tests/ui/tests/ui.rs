//! What the compiler says to each mistake, word for word, and what it takes without a word.
//!
//! `TRYBUILD=overwrite cargo test -p ui` writes the messages down anew; read them before they are kept.

#[test]
fn f6_every_mistake_is_told_with_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("cases/*/*.rs");
}
