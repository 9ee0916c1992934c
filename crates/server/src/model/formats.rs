//! How the pages of an account write numbers and dates, and what its money is in where nothing says it.

/// The codes of ISO 4217 that money is in.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN \
     BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
     GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
     LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB \
     PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB \
     TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// How an account's pages write what they show. Files, the API and the command line know nothing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// How numbers are written.
    pub numbers: Numbers,
    /// How dates are.
    pub dates: Dates,
    /// What money is in that names no currency.
    pub currency: Option<Currency>,
}

/// How numbers are written: what stands between groups of three digits, and before decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// `1,234.56`
    #[default]
    CommaPoint,
    /// `1.234,56`
    PointComma,
    /// `1 234,56`, with a narrow space at which no line breaks.
    SpaceComma,
    /// `1’234.56`
    ApostrophePoint,
}

impl Numbers {
    /// All of them.
    pub const ALL: [Numbers; 4] =
        [Numbers::CommaPoint, Numbers::PointComma, Numbers::SpaceComma, Numbers::ApostrophePoint];

    /// As stored, and as forms have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Numbers::CommaPoint => "comma-point",
            Numbers::PointComma => "point-comma",
            Numbers::SpaceComma => "space-comma",
            Numbers::ApostrophePoint => "apostrophe-point",
        }
    }

    /// What is between groups of digits, and what is before decimals.
    pub fn marks(self) -> (char, char) {
        match self {
            Numbers::CommaPoint => (',', '.'),
            Numbers::PointComma => ('.', ','),
            Numbers::SpaceComma => ('\u{202f}', ','),
            Numbers::ApostrophePoint => ('’', '.'),
        }
    }

    /// The language whose numbers browsers write like this.
    pub fn language(self) -> &'static str {
        match self {
            Numbers::CommaPoint => "en",
            Numbers::PointComma => "de",
            Numbers::SpaceComma => "fr",
            Numbers::ApostrophePoint => "de-CH",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Numbers> {
        Numbers::ALL.into_iter().find(|numbers| numbers.as_str() == name)
    }
}

/// How dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// `26 Nov 2026`
    #[default]
    MonthName,
    /// `2026-11-26`
    Iso,
    /// `11/26/2026`
    MonthFirst,
    /// `26.11.2026`
    DayFirst,
}

impl Dates {
    /// All of them.
    pub const ALL: [Dates; 4] = [Dates::MonthName, Dates::Iso, Dates::MonthFirst, Dates::DayFirst];

    /// As stored, and as forms have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Dates::MonthName => "month-name",
            Dates::Iso => "iso",
            Dates::MonthFirst => "month-first",
            Dates::DayFirst => "day-first",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Dates> {
        Dates::ALL.into_iter().find(|dates| dates.as_str() == name)
    }
}

/// A currency, by its code of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(&'static str);

impl Currency {
    /// All of them, by their codes.
    pub fn all() -> impl Iterator<Item = Currency> {
        CURRENCIES.split_whitespace().map(Currency)
    }

    /// The one of that code, in whatever case.
    pub fn of(code: &str) -> Option<Currency> {
        Currency::all().find(|currency| currency.0.eq_ignore_ascii_case(code))
    }

    /// Its code: `EUR`.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again() {
        for numbers in Numbers::ALL {
            assert_eq!(Numbers::named(numbers.as_str()), Some(numbers));
        }
        for dates in Dates::ALL {
            assert_eq!(Dates::named(dates.as_str()), Some(dates));
        }
        for currency in Currency::all() {
            assert_eq!(Currency::of(&currency.as_str().to_lowercase()), Some(currency));
        }
        assert_eq!((Numbers::named("roman"), Dates::named(""), Currency::of("EURO")), (None, None, None));
    }

    #[test]
    fn currencies_are_codes_in_order() {
        let codes: Vec<&str> = Currency::all().map(Currency::as_str).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "each once, in order");
        assert!(codes.iter().all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())));
    }
}
