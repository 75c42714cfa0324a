/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.Reduction;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.List;

/** Every golden row, on every engine, in both data types, in every reading. */
public class GoldenIT {

    @DataProvider
    public Object[][] rows() {
        List<Object[]> rows = new ArrayList<>();
        for (Class<? extends Loss> loss : Catalogue.withRows()) {
            for (GoldenRow row : GoldenRow.of(loss)) {
                for (String engine : Outcome.engines()) {
                    rows.add(new Object[] {engine, row, loss});
                }
            }
        }
        return rows.toArray(Object[][]::new);
    }

    @Test(dataProvider = "rows")
    public void valueAndGradientAreAsExpected(
            String engine, GoldenRow row, Class<? extends Loss> loss) {
        List<String> faults = new ArrayList<>();
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            double rtol = type == DataType.FLOAT32 ? 1e-6 : 1e-12;
            double atol = 0;
            String name = type.name().toLowerCase(java.util.Locale.ROOT);
            JsonObject tolerances = row.json().getAsJsonObject("tolerance");
            if (tolerances != null && tolerances.has(name)) {
                JsonObject tolerance = tolerances.getAsJsonObject(name);
                if (tolerance.get("why").getAsString().isBlank()) {
                    faults.add("a tolerance of its own needs a reason");
                }
                rtol = tolerance.get("rtol").getAsDouble();
                atol = tolerance.get("atol").getAsDouble();
            }
            for (Choice reading : Choice.of(engine)) {
                String where = type + ", " + reading + ": ";
                // An engine observes the first runs of a script and optimizes the later ones.
                for (int run = 0; run < (reading == Choice.SCRIPT ? 3 : 1); run++) {
                    try {
                        for (String fault : faults(engine, row, loss, type, reading, rtol, atol)) {
                            faults.add(where + fault);
                        }
                        if (run == 0) {
                            for (String fault :
                                    faultsOfParts(engine, row, loss, type, reading, rtol, atol)) {
                                faults.add(where + fault);
                            }
                        }
                    } catch (RuntimeException e) {
                        throw new AssertionError(row + " on " + engine + ", " + where + e, e);
                    }
                }
            }
        }
        assertEquals(String.join("\n", faults), "", row + " on " + engine);
    }

    private static List<String> faults(
            String engine,
            GoldenRow row,
            Class<? extends Loss> type,
            DataType dataType,
            Choice reading,
            double rtol,
            double atol) {
        List<String> faults = new ArrayList<>();
        Loss loss = Catalogue.build(type, row.options(), reading);
        Outcome outcome = Outcome.of(engine, loss, row, dataType);
        if (outcome.type() != dataType) {
            faults.add("the value must be " + dataType + ", but was " + outcome.type());
        }
        if (!outcome.shape().equals(row.value().shape())) {
            faults.add(
                    "the value must have shape "
                            + row.value().shape()
                            + ", but had shape "
                            + outcome.shape());
        }
        add(faults, "value", row.value(), outcome.value(), rtol, atol);
        for (int i = 0; i < outcome.gradients().size(); i++) {
            String what = "gradient of predictions[" + i + "]";
            add(faults, what, row.gradients().get(i), outcome.gradients().get(i), rtol, atol);
        }
        // A loss with a state begins anew.
        Loss other = Catalogue.build(type, row.options(), reading);
        if (other instanceof AbstractLoss template) {
            try (NDManager manager = Place.manager(engine)) {
                NDArray value =
                        template.value(
                                Data.arrays(row.labels(), manager, dataType),
                                Data.arrays(row.predictions(), manager, dataType));
                add(faults, "value()", row.value(), Nd.toDoubles(value), rtol, atol);
            }
        }
        return faults;
    }

    /** Fractions and accumulators take the same path to the same numbers. */
    private static List<String> faultsOfParts(
            String engine,
            GoldenRow row,
            Class<? extends Loss> type,
            DataType dataType,
            Choice reading,
            double rtol,
            double atol) {
        List<String> faults = new ArrayList<>();
        if (!(Catalogue.build(type, row.options(), reading) instanceof AbstractLoss template)
                || template.getReduction() == Reduction.NONE) {
            return faults;
        }
        Loss divided =
                new Loss("divided") {
                    @Override
                    public NDArray evaluate(NDList labels, NDList predictions) {
                        return template.fraction(labels, predictions).value();
                    }
                };
        Outcome outcome = Outcome.of(engine, divided, row, dataType);
        add(faults, "fraction", row.value(), outcome.value(), rtol, atol);
        for (int i = 0; i < outcome.gradients().size(); i++) {
            String what = "gradient of the fraction by predictions[" + i + "]";
            add(faults, what, row.gradients().get(i), outcome.gradients().get(i), rtol, atol);
        }
        AbstractLoss other = (AbstractLoss) Catalogue.build(type, row.options(), reading);
        other.addAccumulator("golden");
        try (NDManager manager = Place.manager(engine)) {
            other.updateAccumulator(
                    "golden",
                    Data.arrays(row.labels(), manager, dataType),
                    Data.arrays(row.predictions(), manager, dataType));
        }
        double[] total = {other.getAccumulatorAsDouble("golden")};
        add(faults, "accumulator", row.value(), total, rtol, atol);
        return faults;
    }

    private static void add(
            List<String> faults,
            String what,
            @Nullable Data expected,
            double[] actual,
            double rtol,
            double atol) {
        if (expected != null) {
            String difference = Outcome.difference(expected.values(), actual, rtol, atol);
            if (difference != null) {
                faults.add(what + difference);
            }
        }
    }
}
