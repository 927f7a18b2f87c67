//! MariaDB for real: installed, asked, configured again, changed.

use pallet_lab::cases::{self, Case, End};
use pallet_lab::{Lab, Machine};
use pallet_mysql::{self as mysql, Database, Grant, Settings, User};
use pallet_test::require;

/// Text that must be seen nowhere on the node.
const PASSWORD: &str = "it's a \"canary\" \\ in $HOME `x` ü";

fn settings() -> Settings {
    Settings::new()
        .option("max_connections", 42)
        .database(Database::new("my_shop"))
        .user(User::new("shop", PASSWORD).host("127.0.0.1").grant(Grant::all_on("my_shop")))
}

/// Asks as the user of the tests, with the password on the standard input.
fn ask(query: &str) -> String {
    let options = format!(
        "[client]\nuser=shop\nhost=127.0.0.1\nprotocol=tcp\npassword=\"{}\"\n",
        PASSWORD.replace('\\', "\\\\").replace('"', "\\\"")
    );
    format!(
        "umask 077; cat >/run/shop.cnf <<'END'\n{options}END\n\
         mariadb --defaults-file=/run/shop.cnf -BNe \"{query}\"; status=$?; rm /run/shop.cnf; exit $status"
    )
}

#[test]
fn a_server_with_databases_users_and_grants() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    let first = lab.converge(|| mysql::server(&settings()));
    assert_eq!(first.summary().counts.changed, 5, "{:?}", first.outcomes());
    assert_eq!(lab.machine.check(&ask("SELECT @@max_connections")), "42\n");
    lab.machine.check(&ask("CREATE TABLE my_shop.orders (id INT); INSERT INTO my_shop.orders VALUES (1)"));
    assert!(!lab.machine.run(&ask("CREATE DATABASE other")).succeeded(), "more than was granted");

    // Nothing is left to do, and the plan knows that.
    let again = lab.converge(|| mysql::server(&settings()));
    assert_eq!(again.summary().counts.changed, 0, "{:?}", again.outcomes());
    let plan = lab.plan(|| mysql::server(&settings()));
    assert_eq!(
        (plan.summary().counts.changed, plan.summary().counts.unknown),
        (0, 0),
        "{:?}",
        plan.planned()
    );

    // The password is nowhere on the node, and in nothing that was told.
    assert!(!lab.machine.run("grep -rqF canary /var/lib/pallet /etc /var/log /root /tmp /run").succeeded());
    assert!(!format!("{:?}{:?}", first.events, again.events).contains("canary"));

    cases::run(
        &lab,
        [
            Case::new("an option", || mysql::server(&settings().option("max_connections", 43)))
                .first([End::Unchanged, End::Changed, End::Changed, End::Unchanged, End::Unchanged])
                // The server is asked again once it has been restarted.
                .unsure()
                .check(ask("SELECT @@max_connections"), "43"),
            Case::new("another character set", || {
                mysql::database(Database::new("my_shop").charset("latin1").collation("latin1_swedish_ci"))
            })
            .check(ask("SELECT @@collation_database FROM my_shop.orders"), "utf8mb4_general_ci")
            .check(
                "mariadb -BNe \"SELECT default_collation_name FROM information_schema.schemata WHERE schema_name='my_shop'\"",
                "latin1_swedish_ci",
            ),
            Case::new("fewer privileges", || {
                let grants = Grant::on("my_shop", ["SELECT", "INSERT"]);
                mysql::user(User::new("shop", PASSWORD).host("127.0.0.1").grant(grants))
            })
            .check(ask("INSERT INTO my_shop.orders VALUES (2); SELECT COUNT(*) FROM my_shop.orders"), "2")
            .check(format!("({}) 2>&1 | grep -c denied", ask("DROP TABLE my_shop.orders")), "1"),
            Case::new("privileges on a table and on everything, to be given away", || {
                let user = User::new("ops", "x").grant(Grant::on_table("my_shop", "orders", ["SELECT"]));
                mysql::user(user.grant(Grant::on_everything(["ALL"]).grantable()))
            })
            .check("mariadb -BNe \"SHOW GRANTS FOR 'ops'@'localhost'\" | grep -c 'WITH GRANT OPTION'", "1"),
            Case::new("another password", || mysql::user(User::new("ops", "y"))),
            Case::new("nobody and nothing", || {
                mysql::user(User::absent("ops"));
                mysql::database(Database::new("my_shop").absent_with_contents());
            })
            .check("mariadb -BNe \"SELECT COUNT(*) FROM mysql.user WHERE user='ops'\"", "0")
            .check("mariadb -BNe 'SHOW DATABASES' | grep -c shop || true", "0"),
        ],
    );
    stopped(&lab);
}

/// Without a server, the answer is a clear one.
fn stopped(lab: &Lab) {
    lab.machine.check("systemctl stop mariadb");
    let refused = lab.converge(|| mysql::database(Database::new("x")));
    let said = refused.troubles().join("\n");
    assert!(said.contains("ERROR 2002") && said.contains("mysql::server"), "{said}");
}
