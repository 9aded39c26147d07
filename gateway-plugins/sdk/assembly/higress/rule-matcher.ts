import { JSON } from '../json/value';
import { parseCondition, RequestFacts, RuleCondition, RULES_KEY } from './rule';

/** What a parse function returns. */
export class ParseResult<PluginConfig> {
  constructor(
    public pluginConfig: PluginConfig | null,
    public success: bool,
  ) {}
}

export type ParseConfigFunc<PluginConfig> = (json: JSON.Obj) => ParseResult<PluginConfig>;
export type ParseRuleConfigFunc<PluginConfig> = (
  json: JSON.Obj,
  global: PluginConfig,
) => ParseResult<PluginConfig>;

class Rule<PluginConfig> {
  constructor(
    public condition: RuleCondition,
    public config: PluginConfig,
  ) {}
}

/** The configurations of one plugin context: a global one and those of `_rules_`. Made anew for each configuration. */
export class RuleMatcher<PluginConfig> {
  /** Why the configuration was refused. */
  problem: string = '';
  private rules: Array<Rule<PluginConfig>> = new Array<Rule<PluginConfig>>();
  private globalConfig: PluginConfig | null = null;

  /**
   * Takes a configuration; false refuses all of it. Every rule needs exactly one condition. With `parseRule` a rule's
   * configuration is made from the rule and the global one.
   */
  configure(
    json: JSON.Obj,
    parseGlobal: ParseConfigFunc<PluginConfig>,
    parseRule: ParseRuleConfigFunc<PluginConfig> | null,
  ): bool {
    const hasRules = json.has(RULES_KEY);
    const rules = json.getArr(RULES_KEY);
    if (hasRules && rules == null) return this.refuse('_rules_ is not a list');
    if (!hasRules || json.keys.length > 1 || parseRule != null) {
      const global = parseGlobal(json);
      if (!global.success || global.pluginConfig == null)
        return this.refuse('the global configuration is not valid');
      // Only rules were given: they build on the global configuration, but nothing else is meant to.
      if (!hasRules || json.keys.length > 1) this.globalConfig = global.pluginConfig;
      if (rules != null) return this.addRules(rules, parseGlobal, parseRule, global.pluginConfig);
      return true;
    }
    return this.addRules(rules as JSON.Arr, parseGlobal, null, null);
  }

  private addRules(
    list: JSON.Arr,
    parseGlobal: ParseConfigFunc<PluginConfig>,
    parseRule: ParseRuleConfigFunc<PluginConfig> | null,
    global: PluginConfig | null,
  ): bool {
    for (let i = 0; i < list.length; i++) {
      const item = list.valueOf()[i];
      const place = '_rules_[' + i.toString() + ']';
      if (!(item instanceof JSON.Obj)) return this.refuse(place + ' is not an object');
      const json = <JSON.Obj>item;
      const condition = parseCondition(json);
      if (condition == null) return this.refuse(place + ' needs exactly one _match_…_ with a list of names');
      const parsed = parseRule != null ? parseRule(json, global as PluginConfig) : parseGlobal(json);
      const config = parsed.pluginConfig;
      if (!parsed.success || config == null) return this.refuse(place + ' is not valid');
      this.rules.push(new Rule<PluginConfig>(condition, config));
    }
    return true;
  }

  private refuse(problem: string): bool {
    this.problem = problem;
    return false;
  }

  /** The first rule that matches wins, else the global configuration; null when neither applies. */
  match(facts: RequestFacts): PluginConfig | null {
    for (let i = 0; i < this.rules.length; i++) {
      if (this.rules[i].condition.matches(facts)) return this.rules[i].config;
      // A rule that could not be decided must not fall through to a laxer one.
      if (facts.failed) return null;
    }
    return this.globalConfig;
  }
}
