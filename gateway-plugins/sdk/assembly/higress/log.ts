import { log, logEnabled } from '../hostcalls/log';
import { LogLevel } from '../types';

/**
 * Logs with the plugin's name in front. Nothing is put together while the level is off; a message that the caller builds
 * with `+` is built before, so guard those with Enabled().
 */
export class Log {
  constructor(public pluginName: string) {}

  /** True when the host would keep messages of this level. */
  Enabled(level: LogLevel): bool {
    return logEnabled(level);
  }
  Trace(message: string): void {
    this.write(LogLevel.Trace, message);
  }
  Debug(message: string): void {
    this.write(LogLevel.Debug, message);
  }
  Info(message: string): void {
    this.write(LogLevel.Info, message);
  }
  Warn(message: string): void {
    this.write(LogLevel.Warn, message);
  }
  Error(message: string): void {
    this.write(LogLevel.Error, message);
  }
  Critical(message: string): void {
    this.write(LogLevel.Critical, message);
  }

  private write(level: LogLevel, message: string): void {
    if (logEnabled(level)) log(level, '[' + this.pluginName + '] ' + message);
  }
}

/** The plugin's logger; SetCtx gives it its name. */
export const logger = new Log('');
