//! Ways to have the credential put where it does not belong, and to learn what only the host knows.

use anyhow::ensure;

use super::super::{Attack, End, SECRET};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("ask_the_settings_for_it", End::Says("base-url")),
    Attack::check("clock_finer_than_a_millisecond", End::Says("no step is finer than a millisecond")),
    Attack::check("write_its_name_in_braces", End::Says("{api-key}")),
    Attack::check("error_that_tells_too_much", End::Says("1 line: ")),
    Attack::check("send_a_pasted_secret", End::Says("reached nothing")).with(&[("vendor", SECRET)]).refused(&[
        "holds the secret of the field api-key in its header",
        "in its URL",
        "in its body",
    ]),
    Attack::check("paths_outside_of_the_prefix", End::Says("reached nothing"))
        .refused(&["is not below a path", "URL is refused"]),
    Attack::check("path_outside_of_a_further_host", End::Says("reached nothing")).refused(&["is not below a path"]),
    Attack::check("query_of_its_own", End::Says("200")).manifest(super::in_the_query).afterwards(|world| {
        let requests = world.vendor.requests("/v1/query");
        ensure!(requests.len() == 1, "{} requests came", requests.len());
        let pairs: Vec<&str> = requests.iter().flat_map(|request| request.path.split(['?', '&']).skip(1)).collect();
        let keys: Vec<&&str> = pairs.iter().filter(|pair| !pair.starts_with("a=")).collect();
        ensure!(keys.len() == 1 && keys.iter().all(|pair| pair.starts_with("key=hq7%2FZr")), "the vendor got {pairs:?}");
        Ok(())
    }),
];
