//! What distributions call the server, and where they keep its options.

use crate::settings::Flavour;
use pallet::dispatch::NoSuchCase;
use pallet::facts::OsFamily;
use pallet::prelude::*;

/// Names of a server on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) server: &'static str,
    pub(crate) client: &'static str,
    pub(crate) service: &'static str,
    /// A file that is read after the distribution's own.
    pub(crate) options: &'static str,
}

impl Layout {
    /// Returns the names on a node.
    pub(crate) fn of(node: &Node, flavour: Flavour) -> Result<Layout, NoSuchCase> {
        match flavour {
            Flavour::MariaDb => by_os(node)
                .when(OsFamily::DebianBase, "*", || Layout {
                    server: "mariadb-server",
                    client: "mariadb-client",
                    service: "mariadb",
                    options: "/etc/mysql/mariadb.conf.d/90-pallet.cnf",
                })
                .when(OsFamily::RhBase, "*", || Layout {
                    server: "mariadb-server",
                    client: "mariadb",
                    service: "mariadb",
                    options: "/etc/my.cnf.d/zz-pallet.cnf",
                })
                .when(OsFamily::SuseBase, "*", || Layout {
                    server: "mariadb",
                    client: "mariadb-client",
                    service: "mariadb",
                    options: "/etc/my.cnf.d/zz-pallet.cnf",
                })
                .otherwise_unsupported(),
            Flavour::MySql => by_os(node)
                .when(OsFamily::DebianBase, "*", || Layout {
                    server: "mysql-server",
                    client: "mysql-client",
                    service: "mysql",
                    options: "/etc/mysql/mysql.conf.d/zz-pallet.cnf",
                })
                .when(OsFamily::RhBase, "*", || Layout {
                    server: "mysql-server",
                    client: "mysql",
                    service: "mysqld",
                    options: "/etc/my.cnf.d/zz-pallet.cnf",
                })
                .otherwise_unsupported(),
        }
    }
}
