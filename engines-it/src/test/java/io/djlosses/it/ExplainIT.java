/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Choice;
import io.djlosses.api.SampleWeighting;
import io.djlosses.nd.Nd;
import io.djlosses.regression.HuberLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.List;
import java.util.Locale;

/** What a loss says of how it is computed. */
public class ExplainIT {

    @DataProvider
    public Object[][] engines() {
        return Outcome.onEveryEngine();
    }

    private static String explain(String engine, AbstractLoss loss, int size, boolean weighted) {
        try (NDManager manager = Place.manager(engine)) {
            NDList list =
                    new NDList(
                            Nd.create(
                                    manager, new double[size], new Shape(size), DataType.FLOAT32));
            NDList labels = new NDList(list);
            if (weighted) {
                labels.addAll(list);
            }
            int before = manager.getManagedArrays().size();
            String line = loss.explain(labels, list);
            assertEquals(manager.getManagedArrays().size(), before, "arrays that are left");
            return line;
        }
    }

    @Test(dataProvider = "engines")
    public void theReadingAndWhyNotThoseBeforeIt(String engine) {
        AbstractLoss loss = HuberLoss.builder().build();
        String noGraphs = "not graph (the engine runs no graphs)";
        String noScripts = "not script (the engine runs no scripts)";
        List<Choice> choices = Choice.of(engine);
        boolean graphs = choices.contains(Choice.GRAPH);
        boolean scripts = choices.contains(Choice.SCRIPT);
        String small = graphs ? "graph" : scripts ? "script, " + noGraphs : "closed form";
        assertTrue(explain(engine, loss, 10, false).startsWith(small));
        String large = explain(engine, loss, 100_000, false);
        if (graphs) {
            assertEquals(
                    large,
                    "closed form, not graph (for arrays of less than 16384 elements), "
                            + noScripts);
        } else if (scripts) {
            assertEquals(large, "script, " + noGraphs);
        }
    }

    @Test(dataProvider = "engines")
    public void weightsLeaveTheFormula(String engine) {
        AbstractLoss loss = HuberLoss.builder().optSampleWeighting(SampleWeighting.MASK).build();
        String line = explain(engine, loss, 100_000, true);
        assertTrue(line.startsWith("formula, not graph ("), line);
        assertTrue(
                line.endsWith(
                        "not closed form (for sums and means without sample weights and label"
                                + " gradients)"),
                line);
    }

    @Test(dataProvider = "engines")
    public void aChoiceOfTestsIsObeyed(String engine) {
        for (Choice choice : Choice.of(engine)) {
            String line = explain(engine, choice.on(HuberLoss.builder()).build(), 10, false);
            if (choice != Choice.AUTO) {
                String expected = choice == Choice.CLOSED_FORM ? "closed form" : null;
                assertEquals(
                        line,
                        expected == null ? choice.name().toLowerCase(Locale.ROOT) : expected,
                        engine);
            }
        }
    }

    @Test
    public void optionsAreListed() {
        AbstractLoss loss = HuberLoss.builder().optDelta(2).optName("mine").build();
        assertEquals(loss.toString(), "HuberLoss(delta=2.0)");
        assertEquals(loss.getOptions().toString(), "{delta=2.0}");
        assertEquals(HuberLoss.builder().build().toString(), "HuberLoss");
    }
}
