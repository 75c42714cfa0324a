/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.sequence.CTCLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Arrays;
import java.util.List;

/** The forms of input of CTC that PyTorch does not have give what its own form gives. */
public class CTCFormsIT {

    private static final double PADDING = -7;

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream().map(name -> new Object[] {name}).toArray(Object[][]::new);
    }

    /** Rows of padded targets in a batch. */
    private static List<GoldenRow> rows() {
        List<GoldenRow> rows =
                GoldenRow.seeds(CTCLoss.class).stream()
                        .filter(row -> row.predictions().get(0).shape().dimension() == 3)
                        .filter(row -> row.labels().get(0).shape().dimension() == 2)
                        .filter(row -> row.predictions().get(0).values().length < 1000)
                        .toList();
        assertFalse(rows.isEmpty());
        return rows;
    }

    @Test(dataProvider = "engines")
    public void theBatchMayComeFirst(String engine) {
        for (GoldenRow row : rows()) {
            Data data = row.predictions().get(0);
            Outcome expected = outcome(engine, row, row.options());
            JsonObject options = row.options().deepCopy();
            options.addProperty("batchFirst", true);
            GoldenRow turned = row.with(row.labels(), List.of(turned(data)));
            Outcome actual = outcome(engine, turned, options);
            same(row, expected.value(), actual.value());
            Data gradient = new Data("float", data.shape(), expected.gradients().get(0));
            same(row, turned(gradient).values(), actual.gradients().get(0));
        }
    }

    @Test(dataProvider = "engines")
    public void logitsAreNormalized(String engine) {
        for (GoldenRow row : rows()) {
            JsonObject options = row.options().deepCopy();
            options.addProperty("fromLogits", true);
            Outcome actual = outcome(engine, row, options);
            Data data = row.predictions().get(0);
            int classes = (int) data.shape().get(2);
            double[] logProb = data.values().clone();
            for (int i = 0; i < logProb.length; i += classes) {
                double sum = Arrays.stream(logProb, i, i + classes).map(Math::exp).sum();
                for (int k = i; k < i + classes; k++) {
                    logProb[k] -= Math.log(sum);
                }
            }
            Data normal = new Data("float", data.shape(), logProb);
            GoldenRow known = row.with(row.labels(), List.of(normal));
            Outcome expected = outcome(engine, known, row.options());
            same(row, expected.value(), actual.value());
            // Through the log-softmax, each row of the gradient loses its sum times the
            // probability.
            double[] gradient = expected.gradients().get(0).clone();
            for (int i = 0; i < gradient.length; i += classes) {
                double sum = Arrays.stream(gradient, i, i + classes).sum();
                for (int k = i; k < i + classes; k++) {
                    gradient[k] -= Math.exp(logProb[k]) * sum;
                }
            }
            same(row, gradient, actual.gradients().get(0));
        }
    }

    @Test(dataProvider = "engines")
    public void paddingTellsTheLengths(String engine) {
        for (GoldenRow row : rows()) {
            Data targets = row.labels().get(0);
            Data lengths = row.labels().get(2);
            long steps = row.predictions().get(0).shape().get(0);
            boolean whole =
                    Arrays.stream(row.labels().get(1).values()).allMatch(length -> length == steps);
            if (!whole) {
                continue; // targets alone cannot tell the lengths of the input
            }
            int width = (int) targets.shape().get(1);
            Data padded = targets;
            for (int i = 0; i < targets.values().length; i++) {
                if (i % width >= lengths.values()[i / width]) {
                    padded = padded.with(i, PADDING);
                }
            }
            JsonObject options = row.options().deepCopy();
            options.addProperty("paddingValue", (long) PADDING);
            Outcome expected = outcome(engine, row, row.options());
            Outcome actual = outcome(engine, row.with(List.of(padded), row.predictions()), options);
            same(row, expected.value(), actual.value());
            same(row, expected.gradients().get(0), actual.gradients().get(0));
        }
    }

    private static Outcome outcome(String engine, GoldenRow row, JsonObject options) {
        Loss loss = Catalogue.build(CTCLoss.class, options, null);
        return Outcome.of(engine, loss, row, DataType.FLOAT64);
    }

    private static void same(GoldenRow row, double[] expected, double[] actual) {
        assertEquals(Outcome.difference(expected, actual, 1e-9, 1e-12), null, row.toString());
    }

    /** Exchanges the first two axes. */
    private static Data turned(Data data) {
        int first = (int) data.shape().get(0);
        int second = (int) data.shape().get(1);
        int third = (int) data.shape().get(2);
        double[] turned = new double[data.values().length];
        for (int i = 0; i < first; i++) {
            for (int k = 0; k < second; k++) {
                int from = (i * second + k) * third;
                System.arraycopy(data.values(), from, turned, (k * first + i) * third, third);
            }
        }
        return new Data(data.type(), new Shape(second, first, third), turned);
    }
}
