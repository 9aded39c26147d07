/** The model that a path names. */
export interface PathModel {
  readonly name: string;
  /** Where the name starts in the path. */
  readonly offset: number;
  /** A body may name it with `models/` before it. */
  readonly hasResourceNames: boolean;
}

/** Offset and length in the body as it was sent. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

export interface UsageEdit extends Place {
  /** One of CALL_USAGE_*. */
  readonly form: number;
}

/** What a body says about the call, whatever kind of body it is. */
export interface BodyCall {
  /** It names more than one model, or one in a place that does not count, or another than the path. */
  readonly isAmbiguous: boolean;
  /** A model is no text, or not one that every reader reads alike. */
  readonly isUnusable: boolean;
  /** Of path or body; null: neither names one. */
  readonly model: string | null;
  /** It refers to what the provider stored. */
  readonly namesStored: boolean;
  /** The same, as only the Responses API understands it. */
  readonly namesStoredResponse: boolean;
  readonly isStream: boolean;
  readonly asksUsage: boolean;
  /** Most tokens wanted as output of one answer; 0: not said. */
  readonly maxTokens: number;
  /** Answers wanted; 0: not said. */
  readonly choices: number;
  /** Where the model stands; JSON: with its quotes. */
  readonly place: Place | null;
  /** What would make the body ask for usage; null: nothing would. */
  readonly usage: UsageEdit | null;
}
