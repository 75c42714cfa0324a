/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertNull;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Kind;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Very many classes that are nearly equally likely, where a sum over them loses digits first. */
public class ManyClassesIT {

    private static final int CLASSES = 10_000;

    private static final Set<Kind> KINDS =
            EnumSet.of(
                    Kind.CLASS_LOGITS,
                    Kind.CLASS_LOG_PROBABILITIES,
                    Kind.DISTRIBUTIONS,
                    Kind.LOG_DISTRIBUTIONS);

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @Test(dataProvider = "enginesAndLosses")
    public void allDigitsAreKept(String engine, Class<? extends Loss> type) {
        if (!KINDS.contains(Declarations.of(type).kind())) {
            return;
        }
        Random random = new Random(11);
        double[] spreadLogits = random.doubles(CLASSES).map(x -> (float) (x * 1e-3)).toArray();
        // Equal ones and a maximum: each addition is rounded in the same direction.
        double[] equalLogits = new double[CLASSES];
        equalLogits[3] = 0.0078125;
        double[] shares = random.doubles(CLASSES).toArray();
        double sum = Arrays.stream(shares).sum();
        Shape shape = new Shape(1, CLASSES);
        Data spread = new Data("float", shape, shares).map(y -> (float) (y / sum));
        Data index = new Data("int64", new Shape(1), new double[] {7});
        Set<String> seen = new HashSet<>();
        for (GoldenRow row : GoldenRow.seeds(type)) {
            JsonObject options = row.optionsWith(null);
            boolean wide = row.labels().get(0).shape().equals(row.predictions().get(0).shape());
            if (row.has("sampleWeighting")
                    || row.predictions().get(0).shape().dimension() != 2
                    || options.entrySet().stream()
                            .map(e -> e.getValue())
                            .anyMatch(JsonElement::isJsonArray)
                    || !seen.add(options + " " + wide)) {
                continue;
            }
            for (double[] logits : new double[][] {spreadLogits, equalLogits}) {
                Data x = new Data("float", shape, logits);
                GoldenRow many = GoldenRow.of(List.of(wide ? spread : index), List.of(x));
                String where = engine + ", " + row + (logits == equalLogits ? ", equal" : "");
                compare(engine, type, options, many, where);
            }
        }
    }

    private static void compare(
            String engine,
            Class<? extends Loss> type,
            JsonObject options,
            GoldenRow many,
            String where) {
        Loss exact = Catalogue.build(type, options, Choice.FORMULA);
        Outcome expected =
                Outcome.of(Outcome.engines().get(0), exact, many, DataType.FLOAT64, null, 1);
        for (Choice reading : Choice.of(engine)) {
            Loss loss = Catalogue.build(type, options, reading);
            Outcome outcome = Outcome.of(engine, loss, many, DataType.FLOAT32, null, 1);
            // PyTorch's own kernel is off by 2e-6.
            String fault = Outcome.difference(expected.value(), outcome.value(), 3e-6, 0);
            assertNull(fault, where + ", " + reading);
            // A difference of probabilities of 1e-4, with the digits to which the backward pass of
            // the engine adds them up: PyTorch's log-softmax is off by 3.1e-5 of a probability.
            fault =
                    Outcome.difference(
                            expected.gradients().get(0),
                            outcome.gradients().get(0),
                            1e-6,
                            4e-5 / CLASSES);
            assertNull(fault, where + ", " + reading + " gradient");
        }
    }
}
