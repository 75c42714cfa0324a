/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.djlosses.Losses;
import io.djlosses.nd.Nd;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The adaptive softmax, a block and its loss, against its golden rows. */
public class AdaptiveSoftmaxIT {

    @DataProvider
    public Object[][] rows() {
        List<Object[]> rows = new ArrayList<>();
        String file = AdaptiveLogSoftmaxWithLoss.class.getSimpleName();
        for (GoldenRow row : Objects.requireNonNull(GoldenRow.files().get(file))) {
            for (String engine : Outcome.engines()) {
                rows.add(new Object[] {engine, row});
            }
        }
        return rows.toArray(Object[][]::new);
    }

    @Test(dataProvider = "rows")
    public void blockAndLossAreAsExpected(String engine, GoldenRow row) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            String where = row + " " + type + " on " + engine + ": ";
            try (NDManager manager = Engine.getEngine(engine).newBaseManager()) {
                check(manager, row, type, where);
            }
        }
    }

    private static void check(NDManager manager, GoldenRow row, DataType type, String where) {
        AdaptiveLogSoftmaxWithLoss block =
                (AdaptiveLogSoftmaxWithLoss)
                        Catalogue.make(AdaptiveLogSoftmaxWithLoss.class, row.options());
        JsonObject parameters = row.json().getAsJsonObject("parameters");
        assertEquals(
                block.getParameters().keys().toString(), parameters.keySet().toString(), where);
        for (Map.Entry<String, JsonElement> entry : parameters.entrySet()) {
            Parameter parameter = block.getParameters().get(entry.getKey());
            parameter.setShape(null); // DJL takes a shape or an array
            parameter.setArray(Data.of(entry.getValue()).array(manager, type));
        }
        NDArray x = row.predictions().get(0).array(manager, type);
        x.setRequiresGradient(true);
        NDList labels = Data.arrays(row.labels(), manager, type);
        AdaptiveLogSoftmaxLoss loss = Losses.adaptiveLogSoftmaxLoss();
        NDArray output;
        NDArray value;
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            ParameterStore store = new ParameterStore(manager, false);
            PairList<String, Object> nothing = new PairList<>();
            NDList outputs = block.forward(store, new NDList(x), labels, nothing);
            output = outputs.singletonOrThrow();
            value = loss.evaluate(labels, outputs);
            collector.backward(value);
        }
        assertEquals(output.getShape(), labels.get(0).getShape(), where + "output");
        double rtol = type == DataType.FLOAT32 ? 1e-6 : 1e-12;
        compare(where + "output", row.json().get("output"), output, rtol);
        compare(where + "value", row.json().get("value"), value, rtol);
        JsonElement gradient = row.json().getAsJsonArray("gradients").get(0);
        compare(where + "gradient of the input", gradient, x.getGradient(), rtol);
        JsonObject gradients = row.json().getAsJsonObject("parameterGradients");
        for (String name : parameters.keySet()) {
            NDArray array = block.getParameters().get(name).getArray();
            // Behind up to three products, each of which rounds.
            compare(
                    where + "gradient of " + name,
                    gradients.get(name),
                    array.getGradient(),
                    2 * rtol);
        }
        NDArray logProb = block.logProb(x);
        // PyTorch's unbatched input gives (1, C).
        assertEquals(logProb.getShape().dimension(), x.getShape().dimension(), where + "logProb");
        compare(where + "logProb", row.json().get("logProb"), logProb, rtol);
        compare(where + "predict", row.json().get("predict"), block.predict(x), 0);
        NDArray ofAll = loss.evaluate(labels, new NDList(logProb));
        compare(where + "loss of all classes", row.json().get("value"), ofAll, rtol);
    }

    private static void compare(
            String what, @Nullable JsonElement expected, NDArray actual, double rtol) {
        if (expected == null || expected.isJsonNull()) {
            return;
        }
        Data data = Data.of(expected);
        assertEquals(Outcome.difference(data.values(), Nd.toDoubles(actual), rtol, 0), null, what);
    }
}
