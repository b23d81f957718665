//! Where in a document a value is, as error messages and `param` say it.

use std::fmt;

use super::shortened;

/// Where in a document we are. Lives on the stack and is only written out when something is wrong.
#[derive(Clone, Copy)]
pub(in super::super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    /// The document itself.
    pub(in super::super) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// A field of the object here.
    pub(in super::super) fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    /// An item of the array here.
    pub(in super::super) fn item(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Item(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(out)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => {
                let below_root = self.parent.is_some_and(|parent| !matches!(parent.step, Step::Root));
                write!(out, "{}{}", if below_root { "." } else { "" }, shortened(name))
            }
            Step::Item(index) => write!(out, "[{index}]"),
        }
    }
}
