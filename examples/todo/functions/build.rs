//! Embeds new migrations as soon as they are added: a macro can't tell cargo to watch a folder, a build script can.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
