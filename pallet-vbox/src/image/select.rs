//! Which model a node is made from: always the same one for the same models, and for a reason that can be told.

use super::{Defined, Model, Models};
use pallet::compute::{ComputeError, Ranked, Verdict};
use pallet::facts::Version;
use pallet::name::did_you_mean;
use pallet::spec::{Image, ImageMatch};
use std::cmp::Reverse;

/// A model that was chosen, and those that are as good.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) model: Model,
    /// The ids of the models that lost only by their id.
    pub(crate) tied: Vec<String>,
}

impl Choice {
    /// Returns what to tell the user where nothing but the ids decided.
    pub(crate) fn remark(&self) -> Option<String> {
        if self.tied.is_empty() {
            return None;
        }
        let (chosen, why, tied) = (&self.model.name, in_words(&self.model), self.tied.join(", "));
        Some(format!(
            "the image is {chosen} ({why}), the first by id of several that are equal; {tied} would do as well: name \
             one by its id"
        ))
    }
}

impl Models {
    /// Returns the model that a node is to be made from.
    pub(crate) fn select(&self, wanted: Option<&Image>) -> Result<Choice, ComputeError> {
        let only = |model: Model| Choice { model, tied: vec![] };
        match wanted {
            None => Err(self.unknown("the node spec names no image".to_owned(), None)),
            Some(Image::Id(id)) => match self.all().get(id).map(|defined| &defined.model) {
                Some(Ok(model)) => Ok(only(model.clone())),
                Some(Err(mistake)) => Err(mistake.clone().into()),
                None => Err(self.unknown(format!("no image model `{id}`"), Some(id))),
            },
            Some(Image::Matching(wanted)) => {
                self.best(wanted).ok_or_else(|| self.unknown(format!("no image model is {wanted}"), None))
            }
            Some(Image::Definition(definition)) => Ok(only(Model::define(definition))),
        }
    }

    fn best(&self, wanted: &ImageMatch) -> Option<Choice> {
        let ranked = self.rank(wanted);
        let chosen = ranked.iter().find(|ranked| ranked.verdict == Verdict::Chosen)?;
        let tied = ranked.iter().filter(|ranked| ranked.verdict == Verdict::Tied);
        Some(Choice {
            model: self.get(&chosen.id)?.clone(),
            tied: tied.map(|ranked| ranked.id.clone()).collect(),
        })
    }

    /// Returns all models, the best first: of those that match the one with the newest system, of equal ones a 64-bit
    /// one, then the first by id.
    pub(crate) fn rank(&self, wanted: &ImageMatch) -> Vec<Ranked> {
        let (mut matching, mut refused) = (Vec::new(), Vec::new());
        for (id, defined) in self.all() {
            match fitting(defined, wanted) {
                Ok(model) => matching.push((id, model)),
                Err(because) => {
                    refused.push(Ranked { id: id.clone(), verdict: Verdict::Refused, because });
                }
            }
        }
        // The sort keeps the order of the ids among equals.
        matching.sort_by_key(|(_, model)| merit(model));
        let best = matching.first().map(|(_, model)| merit(model));
        let rank = |(at, (id, model)): (usize, &(&String, &Model))| Ranked {
            id: (*id).clone(),
            verdict: match best.as_ref() == Some(&merit(model)) {
                true if at == 0 => Verdict::Chosen,
                true => Verdict::Tied,
                false => Verdict::Behind,
            },
            because: in_words(model),
        };
        matching.iter().enumerate().map(rank).chain(refused).collect()
    }

    fn unknown(&self, message: String, given: Option<&str>) -> ComputeError {
        let ids = || self.all().keys().map(String::as_str);
        let hint = match given.and_then(|given| did_you_mean(given, ids())) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.all().is_empty() => {
                "the service has no image models; add one with `image add`, or to its option `images`"
                    .to_owned()
            }
            None => format!("image models: {}", ids().collect::<Vec<_>>().join(", ")),
        };
        ComputeError::input(message).hint(hint)
    }
}

/// What decides, the best first.
type Merit = (Reverse<Version>, Reverse<Option<bool>>);

fn merit(model: &Model) -> Merit {
    (Reverse(Version::parse(model.os_version.as_deref().unwrap_or_default())), Reverse(model.os_64_bit))
}

fn in_words(model: &Model) -> String {
    let version = model.os_version.as_deref().unwrap_or("of no known version");
    let bits = match model.os_64_bit {
        Some(true) => "64-bit",
        Some(false) => "32-bit",
        None => "32-bit or 64-bit",
    };
    match model.os_family {
        Some(family) => format!("{family} {version}, {bits}"),
        None => format!("{version}, {bits}"),
    }
}

/// Returns the model if it satisfies the conditions, or why it does not. A condition on something that the model does
/// not say is not met.
fn fitting<'a>(defined: &'a Defined, wanted: &ImageMatch) -> Result<&'a Model, String> {
    let model = defined.model.as_ref().map_err(|mistake| mistake.to_string())?;
    let ImageMatch { os_family, os_version, os_64_bit } = wanted;
    if let Some(family) = os_family {
        match model.os_family {
            Some(own) if own.is(*family) => {}
            Some(own) => return Err(format!("its family is {own}, not {family}")),
            None => return Err("it says no `os-family`".to_owned()),
        }
    }
    if let Some(condition) = os_version {
        match model.os_version.as_deref() {
            Some(own) if condition.matches(&Version::parse(own)) => {}
            Some(own) => return Err(format!("its version is {own}, not {condition}")),
            None => return Err("it says no `os-version`".to_owned()),
        }
    }
    match (os_64_bit, model.os_64_bit) {
        (Some(_), None) => Err("it does not say `os-64-bit`".to_owned()),
        (Some(wanted), Some(own)) if *wanted != own => {
            Err(format!("it is {}", if own { "64-bit" } else { "32-bit" }))
        }
        _ => Ok(model),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::library::Library;
    use pallet::facts::{OsFamily, VersionReq};

    fn models() -> Models {
        let text = r#"
            [debian-11]
            path = "d11.vdi"
            os-family = "debian"
            os-version = "11"
            [debian-12]
            path = "d12.vdi"
            os-family = "debian"
            os-version = "12"
            [debian-12b]
            path = "d12b.vdi"
            os-family = "debian"
            os-version = "12"
            [ubuntu]
            path = "u.vdi"
            os-family = "ubuntu"
            os-version = "22.04"
            [bare]
            path = "b.vdi"
            [broken]
            path = "c.vdi"
            os-familly = "debian"
        "#;
        Models::default().with_library(&Library::of("/m", &[("all.toml", text)]))
    }

    fn family(family: OsFamily) -> ImageMatch {
        ImageMatch { os_family: Some(family), ..ImageMatch::default() }
    }

    fn chosen(wanted: ImageMatch) -> Option<String> {
        models().select(Some(&wanted.into())).ok().map(|choice| choice.model.name)
    }

    #[test]
    fn the_newest_match_is_chosen_and_a_tie_goes_to_the_first_id() {
        assert_eq!(chosen(family(OsFamily::Debian)).as_deref(), Some("debian-12"));
        assert_eq!(chosen(family(OsFamily::DebianBase)).as_deref(), Some("ubuntu"));
        assert_eq!(chosen(family(OsFamily::RhBase)), None);
        let old = VersionReq::parse("< 12").expect("a condition");
        let wanted = ImageMatch { os_version: Some(old), ..ImageMatch::default() };
        assert_eq!(chosen(wanted).as_deref(), Some("debian-11"));
        assert_eq!(chosen(ImageMatch { os_64_bit: Some(true), ..ImageMatch::default() }), None);
    }

    #[test]
    fn the_order_is_told_with_its_reasons_and_a_tie_is_told() {
        let ranked: Vec<String> = models()
            .rank(&family(OsFamily::Debian))
            .into_iter()
            .map(|ranked| format!("{:?} {}: {}", ranked.verdict, ranked.id, ranked.because))
            .collect();
        assert_eq!(
            ranked,
            [
                "Chosen debian-12: debian 12, 32-bit or 64-bit",
                "Tied debian-12b: debian 12, 32-bit or 64-bit",
                "Behind debian-11: debian 11, 32-bit or 64-bit",
                "Refused bare: it says no `os-family`",
                "Refused broken: /m/all.toml:22:13: unknown option `os-familly` of image `broken`",
                "Refused ubuntu: its family is ubuntu, not debian",
            ]
        );
        let choice = models().select(Some(&family(OsFamily::Debian).into())).expect("a choice");
        assert_eq!(
            choice.remark().as_deref(),
            Some(
                "the image is debian-12 (debian 12, 32-bit or 64-bit), the first by id of several that are equal; \
                 debian-12b would do as well: name one by its id"
            )
        );
        let choice = models().select(Some(&"ubuntu".into())).expect("a choice");
        assert_eq!(choice.remark(), None);
    }

    #[test]
    fn an_unknown_id_names_the_nearest_and_a_broken_one_its_mistake() {
        let error = models().select(Some(&"debian12".into())).expect_err("no such model");
        assert_eq!(error.to_string(), "no image model `debian12`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `debian-12`?"));
        let error = models().select(None).expect_err("no image named");
        assert!(error.hint.is_some_and(|hint| hint.contains("debian-11, debian-12")));
        let error = models().select(Some(&"broken".into())).expect_err("defined wrongly");
        assert_eq!(error.hint.as_deref(), Some("did you mean `os-family`?"));
    }
}
