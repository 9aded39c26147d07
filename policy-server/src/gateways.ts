/** What the API asks of the gateway side of the policy server, which runs in the same process. */
export interface Gateways {
  /**
   * Resolves once every live replica has applied at least `policyVersion`, or after `timeoutMs`. Never rejects.
   *
   * @returns one entry per replica that was live; empty when there is none
   */
  applied(policyVersion: number, timeoutMs: number): Promise<readonly ReplicaApplied[]>;
  /** Live replicas and those lost in the last ten minutes. */
  list(): readonly GatewayReplica[];
  /**
   * Conditions that translation gave this resource (`Accepted`, …); empty when it has none.
   *
   * @param kind as in the resource, such as `LlmRoute`
   */
  conditions(kind: string, name: string): readonly Condition[];
}

/** Whether one replica runs a policy version in every worker thread. */
export interface ReplicaApplied {
  readonly id: string;
  readonly applied: boolean;
  /** Milliseconds from the question to the confirmation, or to giving up. */
  readonly ms: number;
  readonly error?: string;
}

export interface GatewayReplica {
  readonly id: string;
  readonly envoyVersion: string;
  readonly connected: boolean;
  readonly appliedPolicyVersion: number | null;
  readonly lastError: { readonly at: string; readonly resource: string; readonly message: string } | null;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}
