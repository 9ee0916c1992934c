//! What is said of columns by the looks of their cells.

use super::*;

fn tally(cells: &[&str]) -> Tally {
    let mut tally = Tally::default();
    cells.iter().for_each(|cell| tally.see(cell));
    tally
}

/// The cells, and what is proposed for them.
#[test]
fn what_is_text_and_looks_like_more_is_named() {
    for (cells, expected) in [
        (&["$29.00"][..], "Read them with --type c=money"),
        (&["900.00", "1,290.00", "12,000.00"], "Read them with --type c=money"),
        (&["1", "2", "3", "1,290"], "Read them with --type c=money"),
        (&["29,90"], "Read them with --type c=money"),
        (&["(12.50)"], "Read them with --type c=money"),
        (&["12%", "5 %"], "Read them with --type c=percent"),
        (&["1.23E+15"], "Read them with --type c=number, or keep ids as they are with --type c=string"),
        (&["13/01/2026", "2/3/2026"], "Read them with --type c=date:%d/%m/%Y"),
        (
            &["3/1/2026"],
            "Read them with --type c=date:%m/%d/%Y or, if the day comes first, with --type c=date:%d/%m/%Y",
        ),
        (&["Mar 1, 2026"], "Read them with --type 'c=date:%b %d, %Y'"),
        (&["{\"a\": 1}"], "Read them with --map c=params to make their keys params, or with --type c=json"),
        (&["[\"vip\"]"], "Read them with --type c=list"),
        (&["yes", "no"], "Read them with --type c=boolean"),
        (&["Ja", "nein"], "Read them with --type c=boolean"),
        (&["02134", "10115"], "If they are ids, keep them all as text with --type c=string"),
        (&["NULL", "$5", "n/a"], "Read them with --type c=money"),
    ] {
        let proposal = tally(cells).proposal("c", true);
        assert_eq!(proposal.map(|proposal| proposal.hint).as_deref(), Some(expected), "{cells:?}");
    }
}

#[test]
fn words_between_commas_are_a_list_where_the_name_says_so() {
    for (name, cells, said) in [
        ("tags", &["vip, beta", "beta"][..], Some("1 of 2 cells of tags are lists, such as \"vip, beta\"")),
        ("User Labels", &["a|b"], Some("1 of 1 cells of User Labels are lists")),
        ("tags", &["vip", "beta"], None),
        ("tags", &["vip,", "beta"], None),
        ("address", &["Berlin, Germany"], None),
    ] {
        let detail = tally(cells).proposal(name, true).map(|proposal| proposal.detail);
        assert_eq!(detail.is_some(), said.is_some(), "{name} {cells:?}: {detail:?}");
        assert!(detail.unwrap_or_default().starts_with(said.unwrap_or_default()), "{name} {cells:?}");
    }
}

#[test]
fn points_that_may_separate_thousands_are_told() {
    for (cells, commas, said) in [
        (
            &["1.234", "12.500"][..],
            false,
            Some("If the point separates thousands (1234), add --type c=money:,"),
        ),
        (&["1.234", "999"], true, Some("If the point separates thousands (1234), add --type c=money:,")),
        (&["1.234", "999"], false, None),
        (&["1.234", "29.90"], true, None),
        (&["0.125"], true, None),
        (&["1", "2"], true, None),
    ] {
        let hint = tally(cells).about_thousands("c", commas).map(|proposal| proposal.hint);
        assert_eq!(hint.as_deref(), said, "{cells:?} {commas}");
    }
}

#[test]
fn one_column_is_spread_at_most() {
    let proposal = tally(&["{\"a\": 1}"]).proposal("c", false).unwrap();
    assert_eq!(proposal.hint, "Read them with --type c=json");
}

#[test]
fn what_is_read_as_it_is_is_not_named() {
    for cells in [
        &["29", "19.90"][..],
        &["true", "FALSE"],
        &["02134", "01234"],
        &["+420123456789"],
        &["030 123456", "555 123"],
        &["2026-03-01", "2026-03-01T09:00:00Z"],
        &["$29", "free", "none at all"],
        &["#1", "a, b", "4 / 5", "Q4"],
        &["NULL", "N/A", ""],
        &["10.0.0.1", "1.2.3"],
        &["9007199254740993"],
    ] {
        assert_eq!(tally(cells).proposal("c", true), None, "{cells:?}");
    }
}

#[test]
fn the_decimal_sign_is_the_columns() {
    let money = Type::Money(None);
    for (cells, decimal, said) in [
        (&["1.290", "29,90"][..], Decimal::Comma, Some("are read with the decimal sign ','")),
        (&["1,290", "29.90"], Decimal::Point, Some("are read with the decimal sign '.'")),
        (&["1,290"], Decimal::Point, Some("No amount in c says")),
        (&["1,5", "2,5", "3.5"], Decimal::Comma, Some("1 have the other and are rejected")),
        (&["29", "5"], Decimal::Point, None),
    ] {
        let tally = tally(cells);
        assert_eq!(tally.decimal(), decimal, "{cells:?}");
        let about = tally.about_decimal("c", &money).map(|about| about.detail);
        assert_eq!(about.is_some(), said.is_some(), "{cells:?}");
        assert!(about.is_none_or(|about| about.contains(said.unwrap_or_default())), "{cells:?}");
    }
}
