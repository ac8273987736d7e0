//! Reads a crate's source as a graph: which file takes a name that another file defines. Tests are left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use syn::{Attribute, ImplItem, Item, Meta, TraitItem, UseTree, Visibility, spanned::Spanned, visit::Visit};

/// The path of a module in its crate: empty for the root.
type ModulePath = Vec<String>;

/// A crate, read.
#[derive(Debug, Default)]
pub(crate) struct Source {
    modules: BTreeMap<ModulePath, Module>,
}

/// A module, and what it takes from others.
#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    defined: BTreeSet<String>,
    /// By the name that it has here: the path that it stands for.
    imported: BTreeMap<String, Vec<String>>,
    /// Those of them that it only hands on: the file itself does not use them.
    handed_on: BTreeSet<String>,
    globs: Vec<Vec<String>>,
    /// Paths of two names or more, as the code writes them.
    mentioned: BTreeSet<Vec<String>>,
    /// Single names and first names of paths in the code.
    words: BTreeSet<String>,
}

/// A function, and how long it is.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its first token.
    pub(crate) line: usize,
    /// Lines from its first token to its last.
    pub(crate) lines: usize,
}

/// Which files of a crate take names from which, with the names.
pub(crate) type Edges = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

impl Source {
    /// Reads the crate whose root file is `root`.
    ///
    /// # Errors
    /// If a file cannot be read, or is not Rust.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut this = Self::default();
        this.file(root, root.parent().context("a root file stands in a folder")?, &[])?;
        Ok(this)
    }

    /// Its files, with the path of their module.
    pub(crate) fn files(&self) -> BTreeSet<&Path> {
        self.modules.values().map(|module| module.file.as_path()).collect()
    }

    fn file(&mut self, file: &Path, children: &Path, path: &[String]) -> anyhow::Result<()> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?;
        self.items(&parsed.items, file, children, path)
    }

    fn items(&mut self, items: &[Item], file: &Path, children: &Path, path: &[String]) -> anyhow::Result<()> {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        let mut below = Vec::new();
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            if let Item::Mod(inner) = item {
                module.children.insert(inner.ident.to_string());
                below.push(inner);
                continue;
            }
            if let Item::Use(import) = item {
                let before: BTreeSet<String> = module.imported.keys().cloned().collect();
                module.import(&import.tree, Vec::new());
                if !matches!(import.vis, Visibility::Inherited) {
                    module.handed_on.extend(module.imported.keys().filter(|name| !before.contains(*name)).cloned());
                }
                continue;
            }
            module.defined.extend(name(item));
            Mentions(&mut module).visit_item(item);
        }
        self.modules.insert(path.to_vec(), module);
        for inner in below {
            let name = inner.ident.to_string();
            let child = [path, std::slice::from_ref(&name)].concat();
            if let Some((_, items)) = &inner.content {
                self.items(items, file, &children.join(&name), &child)?;
            } else {
                let flat = children.join(format!("{name}.rs"));
                let nested = children.join(&name).join("mod.rs");
                let found = [&flat, &nested].into_iter().find(|file| file.exists());
                let Some(found) = found else { bail!("neither {} nor mod.rs below it", flat.display()) };
                self.file(found, &children.join(&name), &child)?;
            }
        }
        Ok(())
    }

    /// Which file takes which names from which other.
    pub(crate) fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (at, module) in &self.modules {
            let used = module.imported.iter().filter(|(name, _)| !module.is_only_handed_on(name)).map(|(_, path)| path);
            for path in used.chain(&module.globs).chain(&module.mentioned) {
                let Some(target) = self.resolve(path, at, 0) else { continue };
                let file = &self.modules[&target].file;
                if *file != module.file {
                    let name = path.last().cloned().unwrap_or_default();
                    edges.entry(module.file.clone()).or_default().entry(file.clone()).or_default().insert(name);
                }
            }
        }
        edges
    }

    /// The module whose file defines what `path` names, seen from `at`; none for what another crate defines.
    fn resolve(&self, path: &[String], at: &[String], depth: usize) -> Option<ModulePath> {
        // Two modules that re-export each other's everything.
        if depth > 16 {
            return None;
        }
        let mut here = at.to_vec();
        let mut rest = path;
        loop {
            let first = rest.first()?;
            match first.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => drop(here.pop()?),
                _ => break,
            }
            rest = &rest[1..];
            if rest.is_empty() {
                return Some(here);
            }
        }
        for (position, name) in rest.iter().enumerate() {
            let module = self.modules.get(&here)?;
            if module.children.contains(name) {
                here.push(name.clone());
            } else if module.defined.contains(name) {
                return Some(here);
            } else if let Some(import) = module.imported.get(name) {
                let further = [import.as_slice(), &rest[position + 1..]].concat();
                // A name that another crate has too: `use serde::Deserialize` names no file of this one.
                return self.resolve(&further, &here, depth + 1);
            } else {
                let mut globs = module.globs.iter().filter_map(|glob| self.resolve(glob, &here, depth + 1));
                let rest = &rest[position..];
                return globs.find_map(|from| (from != here).then(|| self.resolve(rest, &from, depth + 1))?);
            }
        }
        // A module itself: what is used of it is named elsewhere by a longer path.
        None
    }
}

impl Module {
    /// Whether a name is re-exported, and the code of the file itself does not mention it.
    fn is_only_handed_on(&self, name: &str) -> bool {
        self.handed_on.contains(name) && !self.words.contains(name)
    }

    fn import(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.import(&inner.tree, path);
            }
            UseTree::Name(inner) => {
                let name = inner.ident.to_string();
                if name != "self" {
                    path.push(name);
                }
                if let Some(name) = path.last().cloned() {
                    self.imported.insert(name, path);
                }
            }
            UseTree::Rename(inner) => {
                path.push(inner.ident.to_string());
                self.imported.insert(inner.rename.to_string(), path);
            }
            UseTree::Glob(_) => self.globs.push(path),
            UseTree::Group(group) => group.items.iter().for_each(|inner| self.import(inner, path.clone())),
        }
    }
}

/// Collects the paths in a piece of code.
struct Mentions<'m>(&'m mut Module);

impl<'ast> Visit<'ast> for Mentions<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.0.words.extend(names.first().cloned());
        if names.len() > 1 {
            self.0.mentioned.insert(names);
        }
        syn::visit::visit_path(self, path);
    }
}

/// Every function of a file that is not a test.
///
/// # Errors
/// If the file cannot be read, or is not Rust.
pub(crate) fn functions(file: &Path) -> anyhow::Result<Vec<Function>> {
    struct Functions(Vec<Function>);
    impl Functions {
        fn add(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
            let (first, last) = (whole.start().line, whole.end().line);
            let name = signature.ident.to_string();
            // From the signature on: comments and attributes before it are not the function's length.
            let line = signature.span().start().line.max(first);
            self.0.push(Function { name, line, lines: last.saturating_sub(line) + 1 });
        }
    }
    impl<'ast> Visit<'ast> for Functions {
        fn visit_item(&mut self, item: &'ast Item) {
            if !is_test(attributes(item)) {
                syn::visit::visit_item(self, item);
            }
        }
        fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
            self.add(&item.sig, item.span());
            syn::visit::visit_item_fn(self, item);
        }
        fn visit_impl_item(&mut self, item: &'ast ImplItem) {
            if let ImplItem::Fn(function) = item {
                self.add(&function.sig, function.span());
            }
            syn::visit::visit_impl_item(self, item);
        }
        fn visit_trait_item(&mut self, item: &'ast TraitItem) {
            if let TraitItem::Fn(function) = item {
                self.add(&function.sig, function.span());
            }
            syn::visit::visit_trait_item(self, item);
        }
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut found = Functions(Vec::new());
    found.visit_file(&syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?);
    Ok(found.0)
}

/// The lines of a file that are not in a test module.
///
/// # Errors
/// If the file cannot be read, or is not Rust.
pub(crate) fn lines_beside_tests(file: &Path) -> anyhow::Result<usize> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let parsed = syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?;
    let tests = parsed.items.iter().filter(|item| is_test(attributes(item))).map(|item| {
        let span = item.span();
        span.end().line - span.start().line + 1
    });
    Ok(text.lines().count() - tests.sum::<usize>())
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => {
            list.path.is_ident("cfg")
                && list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|w| w == "test")
        }
        Meta::NameValue(_) => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges_of(files: &[(&str, &str)]) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("makes");
            fs::write(file, text).expect("writes");
        }
        let source = Source::read(&folder.path().join("lib.rs")).expect("reads");
        let short = |file: &Path| file.strip_prefix(folder.path()).expect("below").display().to_string();
        let flat = source.edges().into_iter().flat_map(|(from, to)| {
            to.into_iter().flat_map(move |(file, names)| {
                let from = from.clone();
                names.into_iter().map(move |name| (from.clone(), file.clone(), name))
            })
        });
        flat.map(|(from, to, name)| (short(&from), short(&to), name)).collect()
    }

    fn edge(from: &str, to: &str, name: &str) -> (String, String, String) {
        (from.to_owned(), to.to_owned(), name.to_owned())
    }

    #[test]
    fn a_name_is_traced_to_the_file_that_defines_it_through_re_exports() {
        let files = [
            // What a file only hands on it does not use.
            ("lib.rs", "mod a; mod b; pub use b::c::Deep;"),
            ("a.rs", "use crate::Deep; pub fn f() -> u8 { super::b::g() }"),
            ("b/mod.rs", "pub mod c; pub fn g() -> u8 { c::h() }"),
            ("b/c.rs", "pub struct Deep; pub fn h() -> u8 { 1 }"),
        ];
        let expected = [edge("a.rs", "b/c.rs", "Deep"), edge("a.rs", "b/mod.rs", "g"), edge("b/mod.rs", "b/c.rs", "h")];
        assert_eq!(edges_of(&files), expected);
    }

    #[test]
    fn tests_and_other_crates_are_left_out() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use std::fmt::Debug; #[cfg(test)] mod tests { use crate::b::B; } #[cfg(test)] use crate::b::B;"),
            ("b.rs", "pub struct B; #[test] fn t() { crate::a::x() }"),
        ];
        assert_eq!(edges_of(&files), []);
    }
}
