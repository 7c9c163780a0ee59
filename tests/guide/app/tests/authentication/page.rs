//! The page itself: whatever code it shows is compiled and run.

use std::{fs, io, path::Path};

/// The text of the guide.
pub(crate) fn page() -> String {
    fs::read_to_string(repository().join("docs/authentication.md")).expect("the guide is there")
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// A block of code, its language, and the line that it begins at.
struct Block<'p> {
    language: &'p str,
    line: usize,
    code: Vec<&'p str>,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some(Block { language, line: number + 1, code: Vec::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.code.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of code has no end");
    blocks
}

/// The lines of every source file below a folder.
fn sources(folder: &Path, extension: &str) -> io::Result<Vec<Vec<String>>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources.extend(self::sources(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            sources.push(fs::read_to_string(path)?.lines().map(str::to_owned).collect());
        }
    }
    Ok(sources)
}

/// Whether these lines stand in the source one after the other, each indented by the same.
fn stands_in(code: &[&str], source: &[String]) -> bool {
    source.windows(code.len()).any(|lines| {
        let Some(indent) = lines[0].strip_suffix(code[0]) else { return false };
        let is_blank = indent.chars().all(char::is_whitespace);
        is_blank
            && lines.iter().zip(code).all(|(line, code)| match *code {
                "" => line.is_empty(),
                code => line.strip_prefix(indent) == Some(code),
            })
    })
}

#[test]
fn what_the_page_shows_is_compiled() {
    let rust = sources(&repository().join("tests/guide"), "rs").expect("they are there");
    let types = fs::read_to_string(repository().join("tests/typescript/types-guide.ts")).expect("it is there");
    let typescript = vec![types.lines().map(str::to_owned).collect()];

    let page = page();
    let blocks = blocks(&page);
    let missing = blocks.iter().filter(|Block { language, line, code }| {
        let sources: &[Vec<String>] = match *language {
            "rust" => &rust,
            "ts" => &typescript,
            // What goes over the wire.
            "text" => return false,
            other => panic!("line {line}: nobody checks `{other}`"),
        };
        code.is_empty() || !sources.iter().any(|source| stands_in(code, source))
    });
    let missing: Vec<_> = missing.map(|block| format!("line {}:\n{}", block.line, block.code.join("\n"))).collect();
    assert!(missing.is_empty(), "this is compiled nowhere\n\n{}", missing.join("\n\n"));
    for language in ["rust", "ts"] {
        assert!(blocks.iter().any(|block| block.language == language), "no `{language}` was found");
    }
}

/// The name by which a link finds a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches(['#', ' ']).chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_lead_somewhere() {
    let page = page();
    let docs = repository().join("docs");
    let links: Vec<_> = page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 10, "the links are not found");
    for link in links {
        let (file, fragment) = link.split_once('#').map_or((link, None), |(file, fragment)| (file, Some(fragment)));
        let path = if file.is_empty() { docs.join("authentication.md") } else { docs.join(file) };
        assert!(path.exists(), "`{link}` leads nowhere");
        if let Some(fragment) = fragment {
            let text = fs::read_to_string(path).expect("it is there");
            let mut headings = text.lines().filter(|line| line.starts_with('#'));
            assert!(headings.any(|heading| anchor(heading) == fragment), "`{link}` leads to no heading");
        }
    }
}

#[test]
fn code_is_found_whatever_it_is_indented_by() {
    let source: Vec<String> =
        ["fn x() {", "    if a {", "        b();", "", "        c();", "    }"].map(str::to_owned).into();
    assert!(stands_in(&["if a {", "    b();", "", "    c();", "}"], &source));
    assert!(!stands_in(&["if a {", "b();"], &source));
    assert!(!stands_in(&["a {", "    b();"], &source));
    assert!(!stands_in(&["b();", "c();"], &source));
}
