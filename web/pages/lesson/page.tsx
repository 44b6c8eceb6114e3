import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { commonWords, lessonWords } from "../../i18n/language.ts";
import { Remarks } from "../leaderboard/remarks.tsx";
import type { Connection } from "../../live.ts";
import { words } from "../../components/language.ts";
import { Notice, Site } from "../../components/site.tsx";
import { Answers, shownLeaderboard } from "./answers.tsx";
import { Code, type Listings } from "./code.tsx";
import { Errors } from "./errors.tsx";
import { Exercises } from "./exercises.tsx";
import { Layer } from "./layer.tsx";
import { Network } from "./network.tsx";
import type { LessonState } from "./view_state.ts";
import type { StudySource } from "./study_source.ts";

interface LessonProps {
  readonly state: LessonState;
  readonly source: StudySource;
  readonly listings: ReadonlySignal<Listings>;
  readonly connection: ReadonlySignal<Connection>;
}

/** The lesson page. */
export function LessonPage(props: LessonProps): JSX.Element {
  const { state, source, listings, connection } = props;
  const t = words(lessonWords);
  const common = words(commonWords);
  const title = `${t.title} · ${common.product}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  const leaderboard = shownLeaderboard(state, source);
  return (
    <Site page="lesson" connection={connection.value}>
      {connection.value === "offline" && (
        <Notice tone="warning">{common.offlineNotice}</Notice>
      )}
      <article class="lesson">
        <header>
          <h1>{t.title}</h1>
          <p class="lead">{t.lead}</p>
          <Contents />
        </header>
        <What />
        <Formula />
        <Layer state={state} />
        <Network state={state} />
        <Code listings={listings} />
        <Answers state={state} source={source} />
        <Errors leaderboard={leaderboard} />
        {leaderboard !== null && <Remarks leaderboard={leaderboard} />}
        <Exercises />
      </article>
    </Site>
  );
}

const parts = [
  "what",
  "formula",
  "layer",
  "network",
  "code",
  "answers",
  "errors",
  "exercises",
] as const;

function Contents(): JSX.Element {
  const t = words(lessonWords);
  return (
    <nav class="contents" aria-label={t.contents}>
      <ol>
        {parts.map((part) => (
          <li key={part}>
            <a href={`#${part}`}>{t[part].heading}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function What(): JSX.Element {
  const t = words(lessonWords).what;
  return (
    <section id="what" aria-labelledby="what-heading">
      <h2 id="what-heading">{t.heading}</h2>
      <p>{t.habit}</p>
      <p>{t.is}</p>
      <p>{t.isNot}</p>
    </section>
  );
}

function Formula(): JSX.Element {
  const t = words(lessonWords).formula;
  return (
    <section id="formula" aria-labelledby="formula-heading">
      <h2 id="formula-heading">{t.heading}</h2>
      <p>{t.replaced}</p>
      <Replacement />
      <p>{t.mean}</p>
      <Expectation />
      <p>{t.variance}</p>
      <Variance />
      <p>{t.ends}</p>
    </section>
  );
}

/** The formulas of dropout in MathML, which screen readers can read. */

/** How dropout replaces an activation. */
export function Replacement(): JSX.Element {
  const t = words(lessonWords).formula;
  return (
    <Display label={t.replaced}>
      <mrow>
        <HPrime />
        <mo>=</mo>
        <mrow>
          <mo class="brace">{"{"}</mo>
          <mtable>
            <mtr>
              <mtd>
                <mn>0</mn>
              </mtd>
              <mtd>
                <mtext>{t.withProbability}</mtext>
              </mtd>
            </mtr>
            <mtr>
              <mtd>
                <Kept />
              </mtd>
              <mtd>
                <mtext>{t.otherwise}</mtext>
              </mtd>
            </mtr>
          </mtable>
        </mrow>
      </mrow>
    </Display>
  );
}

/** Why the expectation does not change. */
export function Expectation(): JSX.Element {
  return (
    <Display label={words(lessonWords).formula.mean}>
      <mrow>
        <Of name="E" />
        <mo>=</mo>
        <mi>p</mi>
        <mo>·</mo>
        <mn>0</mn>
        <mo>+</mo>
        <mo stretchy={false}>(</mo>
        <OneLessP />
        <mo stretchy={false}>)</mo>
        <mo>·</mo>
        <Kept />
        <mo>=</mo>
        <mi>h</mi>
      </mrow>
    </Display>
  );
}

/** The noise that dropout adds. */
export function Variance(): JSX.Element {
  return (
    <Display label={words(lessonWords).formula.variance}>
      <mrow>
        <Of name="Var" />
        <mo>=</mo>
        <mfrac>
          <mi>p</mi>
          <OneLessP />
        </mfrac>
        <msup>
          <mi>h</mi>
          <mn>2</mn>
        </msup>
      </mrow>
    </Display>
  );
}

/** A formula. On a narrow page it can be scrolled, also by keyboard. */
function Display(
  { label, children }: {
    readonly label: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div class="formula" role="group" aria-label={label} tabIndex={0}>
      <math display="block">{children}</math>
    </div>
  );
}

function HPrime(): JSX.Element {
  return (
    <mrow>
      <mi>h</mi>
      <mo lspace="0" rspace="0">′</mo>
    </mrow>
  );
}

function OneLessP(): JSX.Element {
  return (
    <mrow>
      <mn>1</mn>
      <mo>−</mo>
      <mi>p</mi>
    </mrow>
  );
}

function Kept(): JSX.Element {
  return (
    <mfrac>
      <mi>h</mi>
      <OneLessP />
    </mfrac>
  );
}

/** E[h′], Var[h′]. */
function Of({ name }: { readonly name: string }): JSX.Element {
  return (
    <mrow>
      <mi mathvariant="normal">{name}</mi>
      <mo stretchy={false}>[</mo>
      <HPrime />
      <mo stretchy={false}>]</mo>
    </mrow>
  );
}
