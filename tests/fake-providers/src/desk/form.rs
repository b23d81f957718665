//! `application/x-www-form-urlencoded`, read as strictly as a service may: no stray `%`, nothing but UTF-8.

pub(crate) const TYPE: &str = "application/x-www-form-urlencoded";

/// The fields in order; a name may stand more than once.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// None where it is no form.
    pub(crate) fn parse(body: &[u8]) -> Option<Form> {
        let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        let pairs = fields.map(|field| {
            let at = field.iter().position(|byte| *byte == b'=')?;
            Some((decoded(field.get(..at)?)?, decoded(field.get(at + 1..)?)?))
        });
        pairs.collect::<Option<_>>().map(Form)
    }

    /// The first field of this name.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Gives the first name that is none of these.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), String> {
        match self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => Err(name.clone()),
            None => Ok(()),
        }
    }
}

fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(digits.first()?)? * 16 + digit(digits.last()?)?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_keep_their_order() {
        let Some(form) = Form::parse(b"turn=a%3Ab+c&turn=%C3%BC&cap=") else { panic!("it is a form") };
        assert_eq!(form.all("turn").collect::<Vec<_>>(), ["a:b c", "\u{fc}"]);
        assert_eq!(form.one("cap"), Some(""));
        assert_eq!(form.only(&["turn"]), Err("cap".to_owned()));
    }

    #[test]
    fn what_is_no_form_is_none() {
        for body in ["name", "a=%", "a=%4", "a=%zz", "a=%+4", "a=%ff"] {
            assert!(Form::parse(body.as_bytes()).is_none(), "{body}");
        }
    }
}
