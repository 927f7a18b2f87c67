// cluster! {
//     pub Site {
//         groups: [WebServers, Databases],
//         extends: [Monitored],
//         roles: [site],
//         node_spec: (small_nodes()),
//     }
// }

pub struct Site;
impl ::pallet::DefinesCluster for Site {
    const DEF: &'static ::pallet::ClusterDef = &::pallet::ClusterDef::new(
            "Site",
            "site",
            ::core::module_path!(),
            ::pallet::Location::new(::core::file!(), ::core::line!(), ::core::column!()),
            || {
                ::pallet::ClusterSpec::item(<Site as ::pallet::DefinesCluster>::DEF)
                    .node_spec(small_nodes())
                    .group(<WebServers as ::pallet::DefinesGroup>::DEF.spec())
                    .group(<Databases as ::pallet::DefinesGroup>::DEF.spec())
                    .extends(<Monitored as ::pallet::DefinesServerSpec>::DEF.spec())
                    .role("site")
            },
        )
        .groups(
            &[
                <WebServers as ::pallet::DefinesGroup>::DEF,
                <Databases as ::pallet::DefinesGroup>::DEF,
            ],
        )
        .extends(&[<Monitored as ::pallet::DefinesServerSpec>::DEF]);
}
impl Site {
    /// Returns the cluster.
    pub fn spec() -> ::pallet::ClusterSpec {
        <Site as ::pallet::DefinesCluster>::DEF.spec()
    }
}
::pallet::__private::inventory::submit! {
    ::pallet::registry::Registered::Cluster(< Site as ::pallet::DefinesCluster > ::DEF)
}
