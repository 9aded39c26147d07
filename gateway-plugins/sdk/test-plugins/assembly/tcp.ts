// A TCP plugin: marks what goes through, and refuses a client whose first bytes say so.
export * from '../../assembly/callbacks/core';
export * from '../../assembly/callbacks/tcp';
import {
  Action,
  closeStream,
  downstreamData,
  log,
  LogLevel,
  PeerType,
  PluginContext,
  registerPlugin,
  StreamContext,
  StreamType,
  upstreamData,
} from '../../assembly';

class TcpPlugin extends PluginContext {
  createStreamContext(): StreamContext | null {
    return new Connection();
  }
}

class Connection extends StreamContext {
  onNewConnection(): Action {
    log(LogLevel.Warn, 'tcp open');
    return Action.Continue;
  }

  onDownstreamData(size: u32, endOfStream: bool): Action {
    if (downstreamData.getText(0, size).or('').startsWith('refuse')) {
      closeStream(StreamType.Downstream).must();
      return Action.Pause;
    }
    if (size > 0) downstreamData.prepend(String.UTF8.encode('in:')).must();
    return Action.Continue;
  }

  onUpstreamData(size: u32, endOfStream: bool): Action {
    if (size > 0) upstreamData.append(String.UTF8.encode(':out')).must();
    return Action.Continue;
  }

  onDownstreamClose(peer: PeerType): void {
    log(LogLevel.Warn, 'tcp downstream closed ' + (<i32>peer).toString());
  }

  onUpstreamClose(peer: PeerType): void {
    log(LogLevel.Warn, 'tcp upstream closed');
  }
}

registerPlugin(() => new TcpPlugin());
