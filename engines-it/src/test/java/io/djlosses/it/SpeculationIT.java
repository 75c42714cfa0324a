/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.Reduction;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.nd.Nd;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.List;

/** What a formula assumes of its input until it knows better: that no probability underflows. */
public class SpeculationIT {

    private static final int SAMPLES = 64;
    private static final int CLASSES = 300;
    private static final double GAP = 200; // of which exp is 0 in FLOAT32

    @DataProvider
    public Object[][] enginesAndLosses() {
        List<Loss> losses =
                List.of(
                        Losses.crossEntropyLoss(),
                        SoftmaxCrossEntropyWithLogits.builder()
                                .optSparse(true)
                                .optReduction(Reduction.MEAN)
                                .build(),
                        Losses.softmaxFocalLoss());
        return Outcome.engines().stream()
                .flatMap(engine -> losses.stream().map(loss -> new Object[] {engine, loss}))
                .toArray(Object[][]::new);
    }

    @Test(dataProvider = "enginesAndLosses")
    public void wrongAssumptionsCostNoDigit(String engine, Loss loss) {
        try (NDManager manager = Place.manager(engine)) {
            NDArray logits = manager.zeros(new Shape(SAMPLES, CLASSES));
            logits.set(new NDIndex("5, 7"), GAP);
            logits.setRequiresGradient(true);
            NDArray label = Nd.create(manager, new long[SAMPLES], new Shape(SAMPLES));
            boolean isFocal = loss.getName().contains("Focal");
            double usual = Math.log(CLASSES);
            usual *= isFocal ? Math.pow(1 - 1.0 / CLASSES, 2) : 1;
            try (GradientCollector collector =
                    logits.getManager().getEngine().newGradientCollector()) {
                NDArray value = loss.evaluate(new NDList(label), new NDList(logits));
                double expected = (usual * (SAMPLES - 1) + GAP) / SAMPLES;
                assertEquals(Nd.toDoubles(value)[0] / expected, 1, 1e-6);
                collector.backward(value);
            }
            NDArray gradient = logits.getGradient().get(new NDIndex("5"));
            assertEquals(Nd.toDoubles(gradient)[0], -1.0 / SAMPLES, 1e-8);
            assertEquals(Nd.toDoubles(gradient)[7], 1.0 / SAMPLES, 1e-8);
        }
    }
}
