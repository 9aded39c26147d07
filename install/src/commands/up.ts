import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TracingOptions } from '@hiclaw/policy-server/bootstrap';
import { findCaBundle } from '@hiclaw/policy-server/ca-bundle';
import { GatewayError } from '@hiclaw/service-kit';
import { claimHome, type HomePaths, rememberedSettings, rememberSettings } from '../home.js';
import { apiUrl, gatewayUrl, installationOf, listenAddress } from '../installation-plan.js';
import { withLock } from '../lock.js';
import { envoyVersionOf, findEnvoy } from '../parts/envoy.js';
import { checkPort } from '../port-check.js';
import { paint } from '../progress.js';
import { policyServerEntry, supervisorEntry } from '../repository.js';
import { gatewayPortOf, minimalEnvironment, type RunSettings, runSettings } from '../settings.js';
import { endSupervisorAlone, findSupervisor, startSupervisor } from '../supervisor/control.js';
import { type Plan, writePlan } from '../supervisor/plan.js';
import { isRunning, signal } from '../supervisor/process-ref.js';
import { readStatus } from '../supervisor/status-file.js';
import { awaitPolicy } from './await-policy.js';
import { awaitReady } from './await-ready.js';
import type { CommandContext } from './context.js';
import { nextSteps } from './next-steps.js';

/** Ports that the plan needs and none of our own running processes holds must be free. */
async function checkPorts(context: CommandContext, settings: RunSettings): Promise<void> {
  const held = new Set(
    (readStatus(context.paths.status)?.processes ?? []).flatMap(({ process: ref, address }) =>
      ref !== null && isRunning(ref) ? [address] : [],
    ),
  );
  const { bind, apiPort, replicas } = settings;
  const gateways = Array.from({ length: replicas }, (_, index) => ({
    what: `gateway replica ${index}`,
    bind,
    port: gatewayPortOf(settings, index),
    variable: 'HICLAW_GATEWAY_PORT',
  }));
  for (const wanted of [{ what: 'API', bind, port: apiPort, variable: 'HICLAW_API_PORT' }, ...gateways]) {
    if (!held.has(listenAddress(wanted.bind, wanted.port))) await checkPort(wanted);
  }
}

/** Hands the plan to the supervisor: a running one of the same code reads it again, any other is replaced. */
async function applyPlan(context: CommandContext, plan: Plan): Promise<void> {
  const { paths, repository, environment } = context;
  const running = findSupervisor(paths);
  const status = readStatus(paths.status);
  if (running !== null && status?.supervisorFingerprint === plan.supervisorFingerprint) {
    const allReady = status.processes.every(({ state }) => state === 'ready');
    if (status.planId !== plan.id || !allReady) signal(running, 'SIGHUP');
    return;
  }
  if (running !== null) await endSupervisorAlone(running);
  startSupervisor(paths, supervisorEntry(repository), minimalEnvironment(environment));
}

function pids(context: CommandContext): ReadonlyMap<string, number> {
  const processes = readStatus(context.paths.status)?.processes ?? [];
  return new Map(
    processes.flatMap(({ name, process: ref }) => (ref !== null && isRunning(ref) ? [[name, ref.pid]] : [])),
  );
}

function tellChanges(context: CommandContext, before: ReadonlyMap<string, number>): void {
  if (before.size === 0) return;
  const after = pids(context);
  const replaced = [...before].filter(([name, pid]) => after.has(name) && after.get(name) !== pid);
  const names = replaced.map(([name]) => name).join(', ');
  context.terminal.line(
    names === ''
      ? '✓ everything was up to date and runs on undisturbed'
      : `✓ restarted because it changed: ${names}`,
  );
}

async function tracingOf(
  { home }: HomePaths,
  { tracing }: RunSettings,
): Promise<{ tracing?: TracingOptions }> {
  if (tracing === null) return {};
  const { caFile, ...options } = tracing;
  const caBundle = caFile ?? (await findCaBundle(join(home, 'run', 'otlp-ca-bundle.pem')));
  return { tracing: { ...options, caBundle } };
}

/**
 * Installs what is missing, starts everything in the background and waits until it is ready. Running it again is
 * harmless; after an upgrade it restarts only what changed.
 *
 * @throws GatewayError with what to do
 */
export async function up(context: CommandContext): Promise<RunSettings> {
  const { paths, repository, environment, terminal } = context;
  if (!existsSync(policyServerEntry(repository)) || !existsSync(supervisorEntry(repository))) {
    throw new GatewayError('NOT_BUILT', `${repository} is not built; run "make up" or "make build".`);
  }
  claimHome(paths);
  const settings = await withLock(
    paths.lock,
    async () => {
      const chosen = runSettings(environment, rememberedSettings(paths));
      const envoy = await findEnvoy({ environment, terminal });
      const envoyVersion = await envoyVersionOf(envoy);
      await checkPorts(context, chosen);
      const installation = installationOf({
        repository,
        paths,
        settings: chosen,
        envoy,
        envoyVersion,
        ...(await tracingOf(paths, chosen)),
        environment: minimalEnvironment(environment),
      });
      const before = pids(context);
      rememberSettings(paths, chosen);
      installation.writeFiles();
      writePlan(paths.plan, installation.plan);
      await applyPlan(context, installation.plan);
      await awaitReady(context, installation.plan);
      tellChanges(context, before);
      await awaitPolicy(context, chosen);
      return chosen;
    },
    {
      onWait: (holder) => {
        terminal.working(`… waiting for process ${holder}, which works on ${paths.home}`);
      },
    },
  );
  summarise(context, settings);
  return settings;
}

function summarise({ paths, terminal }: CommandContext, settings: RunSettings): void {
  const bold = (text: string): string => paint(terminal, 'bold', text);
  terminal.line('');
  for (let index = 0; index < settings.replicas; index += 1) {
    terminal.line(`${bold(index === 0 ? 'Gateway   ' : '          ')} ${gatewayUrl(settings, index)}`);
  }
  terminal.line(`${bold('API       ')} ${apiUrl(settings)}/api/v1   described at ${apiUrl(settings)}/docs`);
  terminal.line(`${bold('Admin token')} in ${paths.adminToken}   ${bold('Logs')} in ${paths.logs}`);
  terminal.line('');
  terminal.line(nextSteps(settings, paths, (text) => paint(terminal, 'dim', text)));
}
