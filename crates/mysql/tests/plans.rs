//! Settings and facts, and the plan that they give. Nothing is contacted.

use pallet::facts::{Facts, Os, OsFamily};
use pallet_mysql::{self as mysql, Database, Flavour, Grant, Settings, User};
use pallet_test::OfflineNode;
use std::net::IpAddr;

fn on(system: &str) -> OfflineNode {
    ["/etc/mysql/mariadb.conf.d", "/etc/mysql/mysql.conf.d", "/etc/my.cnf.d"]
        .into_iter()
        .fold(OfflineNode::new(system), OfflineNode::directory)
}

#[test]
fn servers_have_the_names_that_the_distribution_gives_them() {
    for (system, flavour, package, options, service) in [
        (
            "debian-12",
            Flavour::MariaDb,
            "mariadb-server",
            "/etc/mysql/mariadb.conf.d/90-pallet.cnf",
            "mariadb",
        ),
        ("ubuntu-24.04", Flavour::MySql, "mysql-server", "/etc/mysql/mysql.conf.d/zz-pallet.cnf", "mysql"),
        ("rocky-9", Flavour::MariaDb, "mariadb-server", "/etc/my.cnf.d/zz-pallet.cnf", "mariadb"),
        ("rocky-9", Flavour::MySql, "mysql-server", "/etc/my.cnf.d/zz-pallet.cnf", "mysqld"),
    ] {
        let node = on(system).package(package).running(service);
        let lines = node.plan(|| mysql::server(&Settings::new().flavour(flavour))).lines();
        assert_eq!(
            lines,
            [
                format!("unchanged package {package}"),
                format!("change remote-file {options}: created"),
                format!("change service {service}: restart"),
            ],
            "{system}"
        );
    }
}

#[test]
fn what_a_distribution_has_not_is_refused_by_name() {
    let settings = Settings::new().flavour(Flavour::MySql);
    let facts = Facts { os: Os { family: OsFamily::OpenSuse, ..Facts::example().os }, ..Facts::example() };
    let refused = OfflineNode::with_facts(facts).try_plan(|| mysql::server(&settings)).expect_err("refused");
    assert!(refused.join("\n").contains("opensuse"), "{refused:?}");
}

#[test]
fn the_option_file_has_the_settings() {
    let settings = Settings::new()
        .bind(IpAddr::from([10, 0, 0, 5]))
        .port(3307)
        .option("innodb_buffer_pool_size", "512M")
        .option("max_connections", 500)
        .option("init_connect", "SET NAMES \"utf8mb4\"");
    let plan = on("debian-12").package("mariadb-server").running("mariadb").plan(|| mysql::server(&settings));
    assert_eq!(
        plan.content("/etc/mysql/mariadb.conf.d/90-pallet.cnf").expect("a file"),
        "[mysqld]\nbind-address = 10.0.0.5\nport = 3307\ninit_connect = \"SET NAMES \\\"utf8mb4\\\"\"\n\
         innodb_buffer_pool_size = 512M\nmax_connections = 500\n"
    );
}

#[test]
fn what_is_in_the_server_is_known_once_it_runs() {
    let settings = Settings::new()
        .database(Database::new("shop"))
        .user(User::new("shop", "the password").grant(Grant::all_on("shop")));
    let plan = on("debian-12").plan(|| mysql::server(&settings));
    let lines = plan.lines();
    assert_eq!(lines[0], "change package mariadb-server: install mariadb-server");
    assert_eq!(
        lines[3..],
        ["unknown mysql-database shop: set up", "unknown mysql-user shop@localhost: set up"]
    );
    assert!(!plan.script().expect("something to do").contains("the password"));
}

#[test]
fn mistakes_are_found_when_the_plan_is_made() {
    for (settings, expected) in [
        (Settings::new().port(0), "expected 1 to 65535"),
        (Settings::new().option("port", 1), "use `.bind(..)` and `.port(..)`"),
        (Settings::new().option("a b", 1), "is no option of the server"),
        (Settings::new().option("a", "1\n2"), "the value is more than a line"),
        (Settings::new().database(Database::new("a`b")), "is no name of a database"),
        (Settings::new().database(Database::new("a").charset("utf8; drop")), "is no character set"),
        (Settings::new().user(User::new("a'b", "x")), "is no name of a database user"),
        (Settings::new().user(User::new("a", "x").host("'")), "is no host of a database user"),
        (Settings::new().user(User::new("a", "x").grant(Grant::on("b", ["SELECT;"]))), "is no privilege"),
    ] {
        let refused = on("debian-12").try_plan(|| mysql::server(&settings)).expect_err(expected);
        assert!(refused.join("\n").contains(expected), "{refused:?}: expected {expected}");
    }
}

#[test]
fn two_functions_that_want_another_database_contradict_each_other() {
    let group = pallet::GroupSpec::new("db")
        .count(1)
        .phase("configure", || mysql::database(Database::new("shop")))
        .phase("configure", || mysql::database(Database::new("shop").charset("latin1")));
    let group = group.resolve().expect("a valid group");
    let context = pallet::Context::example();
    let functions = group.phases.values().next().expect("a phase");
    let built = pallet::graph::build_phase(&context, functions, group.location);
    let checked = pallet::conflicts::check(&built.expect("a graph").graph);
    assert!(checked.expect_err("a contradiction").to_string().contains("mysql database shop"));
}
