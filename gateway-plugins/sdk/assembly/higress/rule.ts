import { requestHeaders } from '../hostcalls/header-map';
import { getProperty } from '../hostcalls/property';
import { JSON } from '../json/value';
import { Result } from '../result';
import { Status } from '../types';

export const RULES_KEY = '_rules_';
const MATCH_ROUTE_KEY = '_match_route_';
const MATCH_DOMAIN_KEY = '_match_domain_';
const MATCH_SERVICE_KEY = '_match_service_';
const MATCH_ROUTE_PREFIX_KEY = '_match_route_prefix_';

/** What a rule looks at. */
export const enum RuleKind {
  Route,
  RoutePrefix,
  Domain,
  Service,
}

/** The condition of one entry of `_rules_`. */
export class RuleCondition {
  constructor(
    public kind: RuleKind,
    private patterns: Array<string>,
  ) {}

  /** True when one of the patterns fits. Facts are empty strings when the request has none. */
  matches(facts: RequestFacts): bool {
    for (let i = 0; i < this.patterns.length; i++) {
      const pattern = this.patterns[i];
      if (this.kind == RuleKind.Route) {
        if (facts.route() == pattern) return true;
      } else if (this.kind == RuleKind.RoutePrefix) {
        if (facts.route().startsWith(pattern)) return true;
      } else if (this.kind == RuleKind.Domain) {
        if (domainMatches(pattern, facts.host())) return true;
      } else if (serviceMatches(pattern, facts.cluster())) return true;
    }
    return false;
  }
}

/** Facts that rules look at, each read from the host at most once and only when a rule asks. */
export class RequestFacts {
  /** True when a fact could not be found out: no decision may be based on the others then. */
  failed: bool = false;
  private routeName: string | null = null;
  private hostName: string | null = null;
  private clusterName: string | null = null;

  route(): string {
    if (this.routeName == null) this.routeName = this.property('route_name');
    return this.routeName as string;
  }

  cluster(): string {
    if (this.clusterName == null) this.clusterName = this.property('cluster_name');
    return this.clusterName as string;
  }

  /** In lower case, without port. */
  host(): string {
    if (this.hostName == null) {
      const authority = requestHeaders.get(':authority');
      if (!authority.ok) this.failed = true;
      this.hostName = stripPort(authority.or('')).toLowerCase();
    }
    return this.hostName as string;
  }

  private property(name: string): string {
    let found: Result<string> = getProperty(['xds', name]);
    if (found.status == Status.NotFound) found = getProperty([name]);
    // No route, or one without a name: that is a fact, not a failure.
    if (!found.ok && found.status != Status.NotFound) this.failed = true;
    return found.or('');
  }
}

function stripPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
}

// `*` alone, `*suffix`, `prefix*` or the exact name.
function domainMatches(pattern: string, host: string): bool {
  if (host == '') return false;
  if (pattern.startsWith('*')) return host.endsWith(pattern.substring(1));
  if (pattern.endsWith('*')) return host.startsWith(pattern.substring(0, pattern.length - 1));
  return host == pattern;
}

// A cluster's whole name, or `fqdn[:port]` of a name like outbound|<port>|<subset>|<fqdn>.
function serviceMatches(pattern: string, cluster: string): bool {
  if (cluster == '') return false;
  if (cluster == pattern) return true;
  const parts = cluster.split('|');
  if (parts.length != 4) return false;
  return parts[3] == pattern || parts[3] + ':' + parts[1] == pattern;
}

/** The condition of a rule; null when it does not have exactly one that is a list of non-empty strings. */
export function parseCondition(rule: JSON.Obj): RuleCondition | null {
  let condition: RuleCondition | null = null;
  const keys = [MATCH_ROUTE_KEY, MATCH_ROUTE_PREFIX_KEY, MATCH_DOMAIN_KEY, MATCH_SERVICE_KEY];
  const kinds = [RuleKind.Route, RuleKind.RoutePrefix, RuleKind.Domain, RuleKind.Service];
  for (let k = 0; k < keys.length; k++) {
    if (!rule.has(keys[k])) continue;
    if (condition != null) return null;
    const list = rule.getArr(keys[k]);
    if (list == null || list.length == 0) return null;
    const patterns = new Array<string>();
    for (let i = 0; i < list.length; i++) {
      const item = list.valueOf()[i];
      if (!(item instanceof JSON.Str) || item.toString() == '') return null;
      const text = item.toString();
      patterns.push(kinds[k] == RuleKind.Domain ? text.toLowerCase() : text);
    }
    condition = new RuleCondition(kinds[k], patterns);
  }
  return condition;
}
