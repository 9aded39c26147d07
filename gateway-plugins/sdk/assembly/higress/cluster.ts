import { requestHeaders } from '../hostcalls/header-map';
import { getProperty } from '../hostcalls/property';

/** Where a ClusterClient sends its calls. The name must be that of a cluster in Envoy's configuration. */
export abstract class Cluster {
  abstract clusterName(): string;
  abstract hostName(): string;
}

/** Any cluster of Envoy by its name: what stock Envoy needs. */
export class NamedCluster extends Cluster {
  constructor(
    public name: string,
    public host: string,
  ) {
    super();
  }
  clusterName(): string {
    return this.name;
  }
  hostName(): string {
    return this.host;
  }
}

/** The cluster that the current route goes to. */
export class RouteCluster extends Cluster {
  constructor(public host: string = '') {
    super();
  }
  clusterName(): string {
    const name = getProperty(['xds', 'cluster_name']);
    return name.ok ? name.value : getProperty(['cluster_name']).or('');
  }
  hostName(): string {
    if (this.host != '') return this.host;
    const host = requestHeaders.get(':authority');
    return host.ok ? host.value : getProperty(['request', 'host']).or('');
  }
}

// The classes below form names as Higress's control plane gives them: outbound|<port>|<subset>|<host>.

function outbound(port: i64, subset: string, host: string): string {
  return 'outbound|' + port.toString() + '|' + subset + '|' + host;
}

export class K8sCluster extends Cluster {
  constructor(
    public serviceName: string,
    public namespace: string,
    public port: i64,
    public version: string = '',
    public host: string = '',
  ) {
    super();
    if (namespace == '') this.namespace = 'default';
  }
  private service(): string {
    return this.serviceName + '.' + this.namespace + '.svc.cluster.local';
  }
  clusterName(): string {
    return outbound(this.port, this.version, this.service());
  }
  hostName(): string {
    return this.host != '' ? this.host : this.service();
  }
}

export class NacosCluster extends Cluster {
  constructor(
    public serviceName: string,
    public namespaceID: string,
    public port: i64,
    public group: string = 'DEFAULT-GROUP',
    public isExtRegistry: bool = false,
    public version: string = '',
    public host: string = '',
  ) {
    super();
  }
  clusterName(): string {
    const group = this.group.replaceAll('_', '-');
    const registry = this.isExtRegistry ? 'nacos-ext' : 'nacos';
    return outbound(
      this.port,
      this.version,
      this.serviceName + '.' + group + '.' + this.namespaceID + '.' + registry,
    );
  }
  hostName(): string {
    return this.host != '' ? this.host : this.serviceName;
  }
}

export class StaticIpCluster extends Cluster {
  constructor(
    public serviceName: string,
    public port: i64,
    public host: string = '',
  ) {
    super();
  }
  clusterName(): string {
    return outbound(this.port, '', this.serviceName + '.static');
  }
  hostName(): string {
    return this.host != '' ? this.host : this.serviceName;
  }
}

export class DnsCluster extends Cluster {
  constructor(
    public serviceName: string,
    public domain: string,
    public port: i64,
  ) {
    super();
  }
  clusterName(): string {
    return outbound(this.port, '', this.serviceName + '.dns');
  }
  hostName(): string {
    return this.domain;
  }
}

export class ConsulCluster extends Cluster {
  constructor(
    public serviceName: string,
    public datacenter: string,
    public port: i64,
    public host: string = '',
  ) {
    super();
  }
  clusterName(): string {
    return outbound(this.port, '', this.serviceName + '.' + this.datacenter + '.consul');
  }
  hostName(): string {
    return this.host != '' ? this.host : this.serviceName;
  }
}

export class FQDNCluster extends Cluster {
  constructor(
    public fqdn: string,
    public port: i64,
    public host: string = '',
  ) {
    super();
  }
  clusterName(): string {
    return outbound(this.port, '', this.fqdn);
  }
  hostName(): string {
    return this.host != '' ? this.host : this.fqdn;
  }
}
