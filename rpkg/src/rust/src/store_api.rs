//! The `.Call`s of variables and views. Each checks its arguments, does its work without R, and then makes R's values.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::rc::Rc;
use std::sync::Arc;

use extendr_api::prelude::*;
use scheduler::error::Error;
use scheduler::os::{Mapping, SegmentFile};
use scheduler::page::{BlobWriter, Tag};
use scheduler::store::{find, Content, Header};

use crate::altrep::{self, Origin};
use crate::r::{self, argument, edge, give, nothing, protect, Failure, Preserved, Scope, Sexp};
use crate::runs::dead;
use crate::{codec, session};

fn namespace(x: &Robj) -> r::Result<String> {
    r::string(argument(x), "the namespace")
}

/// The namespace and the name of one variable.
pub(crate) fn key_of(namespace_: &Robj, name: &Robj) -> r::Result<session::Key> {
    Ok((namespace(namespace_)?, r::string(argument(name), "the variable's name")?))
}

fn names(x: &Robj) -> r::Result<Vec<String>> {
    let names = r::strings(argument(x), "the variables' names")?;
    match names.iter().any(String::is_empty) {
        true => Err(Failure::input("a variable's name must not be empty")),
        false => Ok(names),
    }
}

/// Registers the items of a named list as variables: all or, on a failure, none.
#[extendr]
fn ms_register(namespace_: Robj, variables: Robj) -> Robj {
    edge(|| {
        let (namespace, variables) = (namespace(&namespace_)?, argument(&variables));
        let names = r::list_names(variables, "the variables")?;
        // Preserved until all is written.
        let mut values = Vec::with_capacity(names.len());
        let mut blobs = Vec::with_capacity(names.len());
        for (i, name) in names.into_iter().enumerate() {
            let value = protect(|s| Ok(Preserved::new(s.plain_list(s.item(variables, i)))))?;
            let mut w = BlobWriter::new();
            codec::encode_data(value.get(), &mut w, None)?;
            values.push(value);
            blobs.push((name, w.finish()));
        }
        let contents: Vec<(String, &dyn Content)> =
            blobs.iter().map(|(name, blob)| (name.clone(), blob as &dyn Content)).collect();
        session::with(|session| Ok(session.store()?.register(&namespace, &contents)?))?;
        nothing()
    })
}

/// A registered variable, mapped for this caller alone.
struct Opened {
    mapping: Arc<Mapping>,
    header: Header,
    file: SegmentFile,
}

fn open(namespace: &str, name: &str) -> r::Result<Opened> {
    let found = session::with(|session| Ok(find(namespace, name, session.place())?))?;
    let mapping = Arc::new(found.map()?);
    Ok(Opened { mapping, header: found.header, file: found.file })
}

impl Opened {
    /// What its views come from, so that they can travel as references.
    fn with_origin(self) -> (Arc<Mapping>, Option<Rc<Origin>>) {
        let origin = Origin::new(self.file, self.mapping.len(), &self.header.traits);
        (self.mapping, origin)
    }
}

/// What keeps a mapping for the views into it.
fn owner(mapping: &Arc<Mapping>, origin: Option<&Rc<Origin>>) -> r::Result<altrep::Owner> {
    altrep::Owner::new(mapping, origin, altrep::Lives::WithItsName)
}

/// The value of a registered variable.
fn whole<'a>(mapping: &'a Mapping, owner: &'a Preserved) -> r::Result<codec::BlobSource<'a>> {
    // SAFETY: a registered variable's page is sealed: it was written before it had its name. The items of one that may be written into
    // are taken as they come.
    unsafe { codec::BlobSource::open(mapping, 0, u64::MAX, owner) }
}

/// Views of registered variables, in a named list. Each has a mapping of its own.
#[extendr]
fn ms_retrieve(namespace_: Robj, variables: Robj) -> Robj {
    edge(|| {
        let (namespace, names) = (namespace(&namespace_)?, names(&variables)?);
        let opened = names.iter().map(|name| Ok(open(&namespace, name)?.with_origin()));
        let opened = opened.collect::<r::Result<Vec<_>>>()?;
        let owned = opened.iter().map(|(mapping, origin)| owner(mapping, origin.as_ref()));
        let owned = owned.collect::<r::Result<Vec<_>>>()?;
        let sources = opened.iter().zip(&owned).map(|((mapping, _), owner)| whole(mapping, owner));
        let sources = sources.collect::<r::Result<Vec<_>>>()?;
        let views = give(|s| {
            let views = s.vector(r::Kind::VECSXP, sources.len());
            for (i, source) in sources.iter().enumerate() {
                s.inner(|s| views.set_item(i, codec::decode(s, source, 0)));
            }
            views.set_attribute(s, "names", r::character(s, &names));
            Ok(views)
        })?;
        session::with(|session| {
            for name in names {
                *session.views.entry((namespace.clone(), name)).or_default() += 1;
            }
            Ok(())
        })?;
        Ok(views)
    })
}

/// A view of a registered variable that is for the package itself: `viewList()` does not tell of it.
#[extendr]
fn ms_peek(namespace_: Robj, variable: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &variable)?;
        let (mapping, origin) = open(&namespace, &name)?.with_origin();
        let owner = owner(&mapping, origin.as_ref())?;
        let source = whole(&mapping, &owner)?;
        give(|s| Ok(codec::decode(s, &source, 0)))
    })
}

/// What a call needs to know of a registered list, without its items: `n`, `names`, the first one's `type` and length (`each`), and the `lengths`
/// where they differ. NULL of another value, and of a list with a class, a dimension, or items that are neither vectors nor lists. O(items).
#[extendr]
fn ms_list_shape(namespace_: Robj, variable: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &variable)?;
        let Opened { mapping, .. } = open(&namespace, &name)?;
        let owner = owner(&mapping, None)?;
        let source = whole(&mapping, &owner)?;
        let plain = ["class", "dim"].iter().all(|name| source.attribute(0, name).is_none());
        let Some(shape) = codec::list_shape(&source, 0).filter(|_| plain) else { return nothing() };
        give(|s| {
            let n = i32::try_from(shape.count)
                .map_or_else(|_| r::real(s, shape.count as f64), |n| r::integer(s, n));
            let alike = shape.lengths.is_empty();
            let fields = [
                ("n", n),
                ("names", codec::attribute(s, &source, 0, "names")),
                ("type", r::character(s, &[type_of(shape.first.0)])),
                ("each", r::real(s, shape.first.1 as f64)),
                ("lengths", if alike { s.null() } else { r::reals(s, &shape.lengths) }),
            ];
            Ok(r::named_list(s, &fields))
        })
    })
}

/// What `typeof()` calls a tag's values.
fn type_of(tag: Tag) -> &'static str {
    match tag {
        Tag::Null => "NULL",
        Tag::Logical => "logical",
        Tag::Integer => "integer",
        Tag::Real => "double",
        Tag::Complex => "complex",
        Tag::Raw => "raw",
        Tag::Strings => "character",
        Tag::List | Tag::Packed => "list",
        Tag::Serialized => "serialized",
        Tag::S4 => "S4",
        Tag::View => "view", // `kind` gives none, and no variable refers to others
    }
}

/// Drops this session's claim on views: of all names or, when one is not held, of none. What R still holds stays readable.
#[extendr]
fn ms_release_views(namespace_: Robj, variables: Robj) -> Robj {
    edge(|| {
        let (namespace, names) = (namespace(&namespace_)?, names(&variables)?);
        let keys: Vec<_> = names.into_iter().map(|name| (namespace.clone(), name)).collect();
        session::with(|session| {
            if let Some((_, name)) = keys.iter().find(|key| !session.views.contains_key(key)) {
                let message = format!(
                    "a view of '{namespace}.{name}' was not previously allocated in this session; \
                     viewList() names those that were"
                );
                return Err(Failure::Kind("not_allocated", message));
            }
            for key in &keys {
                session.views.remove(key);
            }
            Ok(())
        })?;
        nothing()
    })
}

/// Releases variables of this session: all or, on a failure, none. The memory goes with the last view.
#[extendr]
fn ms_release_variables(namespace_: Robj, variables: Robj) -> Robj {
    edge(|| {
        let (namespace, names) = (namespace(&namespace_)?, names(&variables)?);
        session::with(|session| match session.opened() {
            Some(_) => {
                let bytes = session.store()?.release(&namespace, &names)?;
                dead::released(bytes);
                Ok(())
            }
            // Nothing is ours; say whose it is, if anybody's.
            None => names.iter().try_for_each(|name| {
                let owner_pid = find(&namespace, name, session.place())?.header.owner_pid;
                Err(Error::NotOwner { namespace: namespace.clone(), name: name.clone(), owner_pid }.into())
            }),
        })?;
        nothing()
    })
}

/// What a registered variable is: type, class, length, dim, bytes, which registration it is, owner's process id, whether it may be written into, its file.
#[extendr]
fn ms_metadata(namespace_: Robj, variable: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &variable)?;
        let Opened { mapping, header, .. } = open(&namespace, &name)?;
        let owner = owner(&mapping, None)?;
        let source = whole(&mapping, &owner)?;
        let serial = format!("{}-{}", header.session, header.serial);
        give(|s| Ok(metadata(s, &source, &header, &serial)))
    })
}

fn metadata<'s>(s: &'s Scope, source: &codec::BlobSource<'_>, header: &Header, serial: &str) -> Sexp<'s> {
    let node = source.view.node(0);
    let attribute = |name| codec::attribute(s, source, 0, name);
    let names = if node.tag == Tag::S4 { s.null() } else { attribute("names") };
    r::named_list(
        s,
        &[
            ("namespace", r::character(s, &[&header.namespace])),
            ("name", r::character(s, &[&header.name])),
            ("type", r::character(s, &[type_of(node.kind())])),
            ("class", attribute("class")),
            ("length", r::real(s, node.len as f64)),
            ("dim", attribute("dim")),
            ("names", names),
            ("bytes", r::real(s, header.total() as f64)),
            ("serial", r::character(s, &[serial])),
            ("owner", r::integer(s, header.owner_pid as i32)),
            ("writable", r::logical(s, header.traits.writable)),
            ("file", header.traits.file.as_ref().map_or_else(|| s.null(), |part| r::path(s, &part.path))),
        ],
    )
}

/// `namespace.variable` of each view that this session retrieved and did not release.
#[extendr]
fn ms_view_list() -> Robj {
    edge(|| {
        let keys = session::with(|session| Ok(session.views.keys().map(dotted).collect::<Vec<_>>()))?;
        give(|s| Ok(r::character(s, &keys)))
    })
}

/// `namespace.variable` of each variable that this session registered.
#[extendr]
fn ms_page_list() -> Robj {
    edge(|| {
        let entries = session::with(|session| {
            Ok(session.opened().map(|store| store.registered()).unwrap_or_default())
        })?;
        let keys: Vec<_> = entries.into_iter().map(|entry| dotted(&(entry.namespace, entry.name))).collect();
        give(|s| Ok(r::character(s, &keys)))
    })
}

fn dotted((namespace, name): &session::Key) -> String {
    format!("{namespace}.{name}")
}

/// Whether a value is a view or has one in it.
#[extendr]
fn ms_is_view(x: Robj) -> Robj {
    edge(|| {
        let x = argument(&x);
        give(|s| Ok(r::logical(s, altrep::is_view(s, x))))
    })
}

extendr_module! {
    mod store_api;
    fn ms_register;
    fn ms_retrieve;
    fn ms_peek;
    fn ms_list_shape;
    fn ms_release_views;
    fn ms_release_variables;
    fn ms_metadata;
    fn ms_view_list;
    fn ms_page_list;
    fn ms_is_view;
}
