// node_spec! {
//     pub Small {
//         image: {
//             path: "/srv/images/debian-12.vdi",
//             os_family: debian,
//             os_type: "Debian12_64",
//             username: "admin",
//             password: (read_password()),
//         },
//         hardware: small,
//         network: local,
//     }
// }

pub struct Small;
impl ::pallet::DefinesNodeSpec for Small {
    #[allow(clippy::needless_update)]
    const DEF: &'static ::pallet::NodeSpecDef = &::pallet::NodeSpecDef::new(
        "Small",
        ::core::module_path!(),
        ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
        || {
            ::pallet::spec::NodeSpec::new()
                .image(::pallet::spec::ImageDefinition {
                    path: ::core::convert::Into::into("/srv/images/debian-12.vdi"),
                    os_family: ::core::option::Option::Some(
                        ::pallet::facts::OsFamily::Debian,
                    ),
                    os_type: ::core::option::Option::Some(
                        ::core::convert::Into::into("Debian12_64"),
                    ),
                    login: ::core::option::Option::Some(::pallet::spec::Login {
                        username: ::core::convert::Into::into("admin"),
                        password: ::core::option::Option::Some(
                            ::core::convert::Into::into(read_password()),
                        ),
                        ..::core::default::Default::default()
                    }),
                    ..::core::default::Default::default()
                })
                .hardware("small")
                .network(::pallet::spec::Network::Local)
        },
    );
}
impl Small {
    /// Returns the node spec.
    pub fn spec() -> ::pallet::spec::NodeSpec {
        <Small as ::pallet::DefinesNodeSpec>::DEF.spec()
    }
}
::pallet::__private::inventory::submit! {
    ::pallet::registry::Registered::NodeSpec(< Small as ::pallet::DefinesNodeSpec >
    ::DEF)
}
