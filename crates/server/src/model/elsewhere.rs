//! What other systems call the fields of a customer: for the columns of imports, and for filters that nobody matches.

/// The names, without case, blanks, signs and what stands in parentheses.
const ELSEWHERE: [(&str, &[&str]); 8] = [
    (
        "email",
        &[
            "mail",
            "emailaddress",
            "emailadress",
            "mailaddress",
            "email1value",
            "primaryemail",
            "useremail",
            "customeremail",
            "contactemail",
            "buyeremail",
            "purchaseemail",
            "subscriberemail",
            "workemail",
            "emailaddresses",
            "adressemail",
            "emailadresse",
            "correo",
            "correoelectronico",
        ],
    ),
    (
        "user_id",
        &["userid", "uid", "externalid", "appuserid", "externaluserid", "useruuid", "userexternalid"],
    ),
    (
        "name",
        &[
            "fullname",
            "displayname",
            "customername",
            "contactname",
            "username",
            "buyername",
            "nameofcustomer",
        ],
    ),
    ("status", &["subscriptionstatus", "subscriptionstate", "planstatus", "customerstatus", "userstatus"]),
    (
        "first_seen",
        &[
            "created",
            "createdat",
            "createdate",
            "createddate",
            "createdon",
            "datecreated",
            "creationdate",
            "signedup",
            "signedupat",
            "signupdate",
            "signup",
            "signupat",
            "registered",
            "registeredat",
            "registrationdate",
            "joined",
            "joinedat",
            "joindate",
            "datejoined",
            "optintime",
            "firstseenat",
            "dateadded",
            "addedat",
            "customersince",
            "usersince",
            "membersince",
            "firstseen",
        ],
    ),
    (
        "first_paid",
        &["paidsince", "firstpaidat", "firstpayment", "firstpaymentat", "firstpaymentdate", "firstpurchase"],
    ),
    (
        "status_since",
        &[
            "churnedat",
            "churned",
            "canceledat",
            "cancelledat",
            "cancellationdate",
            "cancelationdate",
            "canceldate",
            "statussince",
            "statuschangedat",
            "endedat",
            "unsubscribedat",
        ],
    ),
    (
        "last_activity",
        &[
            "lastlogin",
            "lastloginat",
            "lastseen",
            "lastseenat",
            "lastactive",
            "lastactiveat",
            "lastactivity",
            "lastactivitydate",
            "lastactivityat",
            "lastvisit",
            "lastsignin",
            "lastsigninat",
        ],
    ),
];

/// The field that other systems call so.
pub fn field(name: &str) -> Option<&'static str> {
    let letters = letters(name);
    ELSEWHERE.iter().find(|(_, names)| names.contains(&letters.as_str())).map(|(field, _)| *field)
}

/// A name without case, blanks, signs, and what stands in parentheses.
pub fn letters(name: &str) -> String {
    let bare = name.split('(').next().unwrap_or_default();
    bare.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}
