import type { ComponentChildren, JSX } from "preact";
import { lessonWords } from "../../i18n/language.ts";
import { words } from "../../components/language.ts";

/** The formulas of dropout in MathML: set by the browser, read out as they are. */

/** What becomes of an activation. */
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

/** Why the expectation stays what it was. */
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

/** With a wide font a narrow page has to scroll it, by keyboard too. */
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
