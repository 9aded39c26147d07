// Two plugins in one module; root_id of the configuration chooses.
export * from '../../assembly/callbacks/core';
export * from '../../assembly/callbacks/request';
import { Action, PluginContext, registerPlugin, sendLocalText, StreamContext } from '../../assembly';

class Named extends PluginContext {
  constructor(private name: string) {
    super();
  }
  createStreamContext(): StreamContext | null {
    return new Answer(this.name);
  }
}

class Answer extends StreamContext {
  constructor(private name: string) {
    super();
  }
  onRequestHeaders(headers: u32, endOfStream: bool): Action {
    sendLocalText(200, this.name).must();
    return Action.Pause;
  }
}

registerPlugin(() => new Named('one'), 'one');
registerPlugin(() => new Named('two'), 'two');
