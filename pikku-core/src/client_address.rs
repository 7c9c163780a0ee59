//! Who a request comes from: the peer, or whoever a trusted proxy says.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

/// The proxies in front of the server, and the header in which they say who a request comes from.
///
/// Proxies add the address of their own peer at the end of the header and pass on what stands there already, so what a
/// client wrote itself comes first. The header is read from its end: addresses of trusted proxies are passed over, and the
/// first other one is the client's. From a peer that is no trusted proxy the header counts for nothing.
///
/// ```
/// use pikku_core::TrustedProxies;
///
/// let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8", "::1"]);
/// # let _ = proxies;
/// ```
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: HeaderName,
}

impl TrustedProxies {
    /// Proxies that write `X-Forwarded-For`.
    ///
    /// # Panics
    /// When one of the texts is neither an address nor a network.
    #[must_use]
    pub fn x_forwarded_for(networks: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self::of(networks, HeaderName::from_static("x-forwarded-for"))
    }

    /// Proxies that write `Forwarded`, as RFC 7239 has it.
    ///
    /// # Panics
    /// When one of the texts is neither an address nor a network.
    #[must_use]
    pub fn forwarded(networks: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self::of(networks, header::FORWARDED)
    }

    fn of(networks: impl IntoIterator<Item: AsRef<str>>, header: HeaderName) -> Self {
        let network = |text: &str| {
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.unwrap_or_else(|_| {
                panic!("`{text}` is no address; help: write an address or a network, `10.0.0.1` or `10.0.0.0/8`")
            })
        };
        Self { networks: networks.into_iter().map(|text| network(text.as_ref())).collect(), header }
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The address nearest to the server that is no trusted proxy's.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let values: Vec<&str> =
            headers.get_all(&self.header).iter().map(|value| value.to_str().unwrap_or("")).collect();
        let mut hops = values.iter().rev().flat_map(|value| value.rsplit(','));
        while self.trust(client) {
            // Where a proxy doesn't say who it was called by, or hides it, the proxy is all that is known.
            let Some(hop) = hops.next().and_then(|hop| self.parse_hop(hop)) else { break };
            client = hop;
        }
        client
    }

    fn parse_hop(&self, hop: &str) -> Option<IpAddr> {
        if self.header != header::FORWARDED {
            return parse_node(hop.trim());
        }
        let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
        let node = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?.1.trim();
        parse_node(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
    }
}

/// An address with or without a port, IPv6 in brackets or not.
fn parse_node(node: &str) -> Option<IpAddr> {
    let in_brackets = || node.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = node.parse().ok().or_else(|| node.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.or_else(in_brackets).map(|address: IpAddr| address.to_canonical())
}

/// Who a request comes from.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: Option<&TrustedProxies>) -> IpAddr {
    let peer = peer.to_canonical();
    proxies.map_or(peer, |proxies| proxies.client(peer, headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(proxies: Option<&TrustedProxies>, peer: &str, headers: &[(&'static str, &str)], expect: &str) {
        let mut request = http::Request::get("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let found = client_address(peer.parse().expect("an address"), request.headers(), proxies);
        assert_eq!(found.to_string(), expect, "{peer} {headers:?}");
    }

    const X: &str = "x-forwarded-for";

    #[test]
    fn nobody_is_trusted_unless_it_is_said() {
        check(None, "10.0.0.1", &[(X, "1.2.3.4"), ("forwarded", "for=1.2.3.4")], "10.0.0.1");
        check(None, "::ffff:10.0.0.1", &[], "10.0.0.1");
    }

    #[test]
    fn the_header_of_a_peer_that_is_no_proxy_counts_for_nothing() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8"]);
        check(Some(&proxies), "9.9.9.9", &[(X, "1.2.3.4")], "9.9.9.9");
    }

    #[test]
    fn what_the_client_wrote_itself_is_passed_over() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8", "fd00::1"]);
        check(Some(&proxies), "10.0.0.1", &[(X, "1.2.3.4")], "1.2.3.4");
        check(Some(&proxies), "10.0.0.1", &[(X, "6.6.6.6, 1.2.3.4, 10.0.0.2")], "1.2.3.4");
        check(Some(&proxies), "fd00::1", &[(X, "6.6.6.6"), (X, "1.2.3.4")], "1.2.3.4");
        check(Some(&proxies), "10.0.0.1", &[(X, "[2001:db8::1]:8080")], "2001:db8::1");
        check(Some(&proxies), "10.0.0.1", &[(X, "1.2.3.4:5678")], "1.2.3.4");
        check(Some(&proxies), "10.0.0.1", &[("forwarded", "for=1.2.3.4")], "10.0.0.1");
    }

    #[test]
    fn a_proxy_that_does_not_say_is_all_that_is_known() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.0/8"]);
        check(Some(&proxies), "10.0.0.1", &[], "10.0.0.1");
        check(Some(&proxies), "10.0.0.1", &[(X, "1.2.3.4, unknown, 10.0.0.2")], "10.0.0.2");
        check(Some(&proxies), "10.0.0.1", &[(X, "1.2.3.4,")], "10.0.0.1");
        check(Some(&proxies), "10.0.0.1", &[(X, "10.0.0.3, 10.0.0.2")], "10.0.0.3");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let proxies = TrustedProxies::forwarded(["10.0.0.1"]);
        check(
            Some(&proxies),
            "10.0.0.1",
            &[("forwarded", "for=6.6.6.6, For=\"[2001:db8::1]:47\";proto=https")],
            "2001:db8::1",
        );
        check(Some(&proxies), "10.0.0.1", &[("forwarded", "proto=https; for=1.2.3.4;by=10.0.0.1")], "1.2.3.4");
        check(Some(&proxies), "10.0.0.1", &[("forwarded", "for=1.2.3.4, for=_hidden")], "10.0.0.1");
        check(Some(&proxies), "10.0.0.1", &[(X, "1.2.3.4")], "10.0.0.1");
    }

    #[test]
    #[should_panic(expected = "`10.0.0.0/99` is no address")]
    fn a_network_that_is_none_is_refused_at_the_start() {
        let _ = TrustedProxies::x_forwarded_for(["10.0.0.0/99"]);
    }
}
