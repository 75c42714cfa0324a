/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.check.Comparison;
import io.djlosses.check.LossCheck;
import io.djlosses.check.Report;
import io.djlosses.regression.MSELoss;

import org.testng.annotations.Test;

import java.util.function.BinaryOperator;

/** The checker passes what is right, of any origin, and finds what is wrong. */
public class LossCheckIT {

    private static final Shape SHAPE = new Shape(2, 2);

    /** A loss that knows nothing of this library. */
    private static final class Plain extends Loss {

        private final transient BinaryOperator<NDArray> formula;

        Plain(BinaryOperator<NDArray> formula) {
            super("Plain");
            this.formula = formula;
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            return formula.apply(labels.singletonOrThrow(), predictions.singletonOrThrow());
        }
    }

    private static LossCheck check(BinaryOperator<NDArray> formula) {
        return check(new Plain(formula));
    }

    private static LossCheck check(Loss loss) {
        return LossCheck.of(loss)
                .optEngines(Outcome.engines().toArray(String[]::new))
                .addLabel(SHAPE, 1, -2, 0.5, 3)
                .addPrediction(SHAPE, 0.5, 1, -1.5, 2);
    }

    @Test
    public void aRightGradientPasses() {
        Report report = check((y, x) -> x.sub(y).square().mean()).run();
        report.assertPasses();
        // Finite differences on each engine; value and gradient of each against the first.
        assertEquals(report.comparisons().size(), Outcome.engines().size() * 3 - 2);
        assertTrue(report.toString().startsWith("LossCheck of Plain: all "), report.toString());
    }

    @Test
    public void aWrongGradientIsFoundAndShown() {
        // The value of (x − y)², with the gradient of twice that in one element.
        Report report =
                check(
                                (y, x) -> {
                                    NDArray error = x.sub(y).square();
                                    NDArray extra = error.get("0, 1");
                                    return error.sum().add(extra.sub(extra.stopGradient()).sum());
                                })
                        .optEngines("PyTorch")
                        .run();
        assertFalse(report.passed());
        Comparison failure = report.failures().get(0);
        assertEquals(failure.engine(), "PyTorch");
        assertEquals(failure.subject(), "gradient of predictions[0] against finite differences");
        assertEquals(failure.index(), "(0, 1)");
        assertEquals(failure.expected(), 6, 1e-6);
        assertEquals(failure.actual(), 12, 1e-12);
        AssertionError error = expectThrows(AssertionError.class, report::assertPasses);
        assertTrue(
                String.valueOf(error.getMessage()).contains("1 of 1 comparisons failed"),
                error.getMessage());
    }

    @Test
    public void aMissingGradientAndNaNFail() {
        BinaryOperator<NDArray> half =
                (y, x) -> x.stopGradient().square().sum().add(x.sum().mul(x.sum().sub(x.sum())));
        assertFalse(check(half).run().passed());
        assertFalse(check((y, x) -> x.log().sum()).run().passed());
    }

    @Test
    public void enginesThatDisagreeAreFound() {
        if (Outcome.engines().size() < 2) {
            return;
        }
        Report report =
                check(
                                (y, x) -> {
                                    String engine = x.getManager().getEngine().getEngineName();
                                    return x.sub(y).square().sum().mul(engine.length());
                                })
                        .run();
        // The value, and the gradient: 5 and 7 times the right one, so each suits its value.
        assertEquals(report.failures().size(), 2, report.toString());
        assertEquals(report.failures().get(0).subject(), "value against MXNet");
    }

    @Test
    public void allEnginesAreTheDefault() {
        Report report =
                LossCheck.of(Losses.crossEntropyLoss())
                        .addIndices(new Shape(2), 0, 2)
                        .addPrediction(new Shape(2, 3), 1, 2, 3, 4, 5, -1)
                        .run();
        report.assertPasses();
        for (String engine : Outcome.engines()) {
            assertTrue(
                    report.comparisons().stream().anyMatch(c -> c.engine().equals(engine)),
                    report.toString());
        }
    }

    @Test
    public void unreducedValuesLabelsAndSinglePrecisionAreChecked() {
        MSELoss none =
                MSELoss.builder().optReduction(Reduction.NONE).optLabelGradient(true).build();
        Report report = check(none).optLabelGradient(true).optSeed(5).run();
        report.assertPasses();
        assertTrue(report.toString().contains("gradient of labels[0]"), report.toString());
        check(none).optDataType(DataType.FLOAT32).run().assertPasses();
        assertFalse(check(none).optStep(0.1).optTolerance(1e-17).run().passed());
    }

    @Test
    public void badUseIsNamed() {
        IllegalArgumentException shape =
                expectThrows(
                        IllegalArgumentException.class,
                        () -> LossCheck.of(Losses.l1Loss()).addPrediction(SHAPE, 1, 2));
        assertEquals(
                shape.getMessage(),
                "LossCheck: predictions[0] must have as many numbers as its shape (2, 2), but was"
                        + " 2");
        expectThrows(IllegalStateException.class, () -> LossCheck.of(Losses.l1Loss()).run());
        IllegalStateException engine =
                expectThrows(
                        IllegalStateException.class,
                        () -> check(Losses.l1Loss()).optEngines("NoEngine").run());
        assertTrue(String.valueOf(engine.getMessage()).contains("NoEngine"), engine.getMessage());
        expectThrows(
                IllegalArgumentException.class,
                () -> LossCheck.of(Losses.l1Loss()).optStep(Double.NaN));
    }
}
