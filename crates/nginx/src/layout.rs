//! Where distributions keep what belongs to nginx, and how a site gets there.

use crate::site::Site;
use pallet::dispatch::NoSuchCase;
use pallet::facts::OsFamily;
use pallet::graph::AnyHandle;
use pallet::prelude::*;

/// Where things are on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The user that workers run as.
    pub(crate) user: &'static str,
    pub(crate) pid: &'static str,
    /// What `nginx.conf` includes at its top, for modules that are packages of their own.
    pub(crate) modules: &'static str,
    /// What it includes beside the sites.
    pub(crate) snippets: &'static str,
    sites: Sites,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sites {
    /// Files in `sites-available`, with links to them in `sites-enabled`.
    Linked,
    /// Files with the ending `.conf` in this directory.
    In(&'static str),
}

const DEBIAN: Layout = Layout {
    user: "www-data",
    pid: "/run/nginx.pid",
    modules: "/etc/nginx/modules-enabled/*.conf",
    snippets: "/etc/nginx/conf.d/*.conf",
    sites: Sites::Linked,
};

const RED_HAT: Layout = Layout {
    user: "nginx",
    pid: "/run/nginx.pid",
    modules: "/usr/share/nginx/modules/*.conf",
    snippets: "/etc/nginx/conf.d/*.conf",
    sites: Sites::In("/etc/nginx/conf.d"),
};

const SUSE: Layout = Layout { modules: "/etc/nginx/modules.d/*.conf", ..RED_HAT };

const ARCH: Layout = Layout { user: "http", modules: "/etc/nginx/modules.d/*.conf", ..RED_HAT };

const ALPINE: Layout = Layout {
    user: "nginx",
    pid: "/run/nginx/nginx.pid",
    modules: "/etc/nginx/modules/*.conf",
    snippets: "/etc/nginx/http.d/*.conf",
    sites: Sites::In("/etc/nginx/http.d"),
};

impl Layout {
    /// Returns the layout of a node.
    pub(crate) fn of(node: &Node) -> Result<Layout, NoSuchCase> {
        by_os(node)
            .when(OsFamily::DebianBase, "*", || DEBIAN)
            .when(OsFamily::RhBase, "*", || RED_HAT)
            .when(OsFamily::SuseBase, "*", || SUSE)
            .when(OsFamily::ArchBase, "*", || ARCH)
            .when(OsFamily::Alpine, "*", || ALPINE)
            .otherwise_unsupported()
    }

    /// Returns the patterns of all files that `nginx.conf` includes for http.
    pub(crate) fn includes(&self) -> Vec<&'static str> {
        match self.sites {
            Sites::Linked => vec![self.snippets, "/etc/nginx/sites-enabled/*"],
            Sites::In(_) => vec![self.snippets],
        }
    }

    /// Has a site served.
    #[track_caller]
    pub(crate) fn enable(&self, site: &Site) -> Vec<AnyHandle> {
        // The file alone, in the place where it will be included: http with nothing else in it.
        let check = "dir=$(mktemp -d) && \
            printf 'pid %s;\\nevents {}\\nhttp { include %s; }\\n' \"$dir/pid\" \"$1\" >\"$dir/nginx.conf\" && \
            nginx -t -q -c \"$dir/nginx.conf\"; status=$?; rm -rf \"$dir\"; exit $status";
        let write = |path: String| remote_file(path).content(site.config()).mode(0o644).verify(check).any();
        match self.sites {
            Sites::Linked => {
                let file = format!("/etc/nginx/sites-available/{}", site.name());
                let link = format!("/etc/nginx/sites-enabled/{}", site.name());
                vec![write(file.clone()), symbolic_link(link, file).any()]
            }
            Sites::In(directory) => vec![write(format!("{directory}/{}.conf", site.name()))],
        }
    }

    /// Has a site no longer served.
    #[track_caller]
    pub(crate) fn remove(&self, name: &str) -> Vec<AnyHandle> {
        match self.sites {
            Sites::Linked => {
                let link = format!("/etc/nginx/sites-enabled/{name}");
                vec![symbolic_link(link, format!("/etc/nginx/sites-available/{name}")).absent().any()]
            }
            Sites::In(directory) => vec![file(format!("{directory}/{name}.conf")).absent().any()],
        }
    }
}
