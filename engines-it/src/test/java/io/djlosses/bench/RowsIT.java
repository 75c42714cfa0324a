/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

import io.djlosses.api.Choice;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Size;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The benchmark has a row of every loss, in which all variants compute the same. */
public class RowsIT {

    @DataProvider
    public Object[][] engines() {
        return Stream.of("PyTorch", "MXNet")
                .filter(Engine::hasEngine)
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    @Test
    public void everyLossHasARow() {
        Set<String> left = new TreeSet<>();
        Declarations.all().stream().map(Declaration::name).forEach(left::add);
        Set<String> names = new TreeSet<>();
        for (Row row : Rows.all()) {
            left.remove(row.loss());
            assertTrue(names.add(row.name()), row.name() + " is there twice");
        }
        assertEquals(left.toString(), "[]");
    }

    @Test(dataProvider = "engines")
    public void variantsComputeTheSame(String engine) {
        // What a loss is that nobody wrote a row for comes last.
        List<Row> rows = new ArrayList<>(Rows.all());
        rows.addAll(Declarations.all().stream().map(declared -> new Row(declared, "")).toList());
        List<String> faults = new ArrayList<>();
        try (Stage stage = new Stage(engine, Device.cpu(), rows)) {
            for (int i = 0; i < rows.size(); i++) {
                try (NDManager manager = stage.manager().newSubManager()) {
                    long[] dims = rows.get(i).dims(Size.S);
                    Case input = rows.get(i).input(new Data(manager), dims);
                    Map<String, Formula> variants = stage.variants(i, input, dims);
                    double expected = value(stage, variants, stage.base(i), input, manager);
                    for (String variant : List.of(Stage.OURS, Stage.name(Choice.FORMULA))) {
                        double actual = value(stage, variants, variant, input, manager);
                        // Native SDML and plain softplus cancel.
                        if (!(Math.abs(actual - expected) <= 1e-4 * Math.abs(expected))) {
                            faults.add(
                                    rows.get(i).name()
                                            + ": "
                                            + variant
                                            + " is "
                                            + actual
                                            + ", "
                                            + stage.base(i)
                                            + " "
                                            + expected);
                        }
                    }
                }
            }
        }
        assertEquals(String.join("\n", faults), "");
    }

    private static double value(
            Stage stage,
            Map<String, Formula> variants,
            String variant,
            Case input,
            NDManager manager) {
        Formula formula = variants.get(variant);
        assertTrue(formula != null, variant);
        try (NDManager temporary = manager.newSubManager()) {
            NDArray value =
                    stage.run(formula, input.fresh(temporary, true), temporary, true, new Clock());
            assertEquals(value.size(), 1L);
            return value.toFloatArray()[0];
        }
    }
}
