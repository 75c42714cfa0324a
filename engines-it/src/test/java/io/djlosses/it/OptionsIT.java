/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertSame;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.AbstractLoss;
import io.djlosses.regularization.L2Regularization;

import org.testng.Assert.ThrowingRunnable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What every loss tells of its options, and what it says to arrays that are not there. */
public class OptionsIT {

    @DataProvider
    public Object[][] enginesAndLosses() {
        return Catalogue.onEveryEngine();
    }

    @DataProvider
    public Object[][] losses() {
        return Catalogue.each();
    }

    /** The options of every golden row, which set each option of a loss. */
    @Test(dataProvider = "losses")
    public void whatIsSetIsListed(Class<? extends Loss> type) {
        for (GoldenRow row : GoldenRow.of(type)) {
            AbstractLoss loss = (AbstractLoss) Catalogue.build(type, row.options(), null);
            Set<String> expected = new TreeSet<>(row.options().keySet());
            assertEquals(new TreeSet<>(loss.getOptions().keySet()), expected, row.toString());
            String text = loss.toString();
            assertTrue(text.startsWith(type.getSimpleName()), text);
            for (String option : expected) {
                assertTrue(text.contains(option + "="), text);
            }
        }
    }

    @SuppressWarnings("NullAway") // what users do nevertheless
    @Test(dataProvider = "enginesAndLosses")
    public void arraysThatAreMissingAreNamed(String engine, Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        AbstractLoss loss = (AbstractLoss) Catalogue.build(type, row.options(), null);
        loss.addAccumulator("epoch");
        try (NDManager manager = Place.manager(engine)) {
            NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
            NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
            NDList hole = new NDList(predictions);
            hole.set(hole.size() - 1, (NDArray) null);
            NDList holeInLabels = new NDList(labels);
            holeInLabels.add((NDArray) null);
            String last = "predictions[" + (hole.size() - 1) + "] must be an array, but was null";
            String label = "labels[" + labels.size() + "] must be an array, but was null";
            says(loss, () -> loss.evaluate(labels, hole), last);
            says(loss, () -> loss.value(labels, hole), last);
            says(loss, () -> loss.fraction(labels, hole), last);
            says(loss, () -> loss.updateAccumulator("epoch", labels, hole), last);
            says(loss, () -> loss.explain(labels, hole), last);
            says(loss, () -> loss.evaluate(holeInLabels, predictions), label);
            says(
                    loss,
                    () -> loss.evaluate(null, predictions),
                    "labels must be a list of arrays, but was null");
            says(
                    loss,
                    () -> loss.evaluate(labels, null),
                    "predictions must be a list of arrays, but was null");
        }
    }

    private static void says(AbstractLoss loss, ThrowingRunnable call, String message) {
        IllegalArgumentException e = expectThrows(IllegalArgumentException.class, call);
        assertEquals(e.getMessage(), loss.getName() + ": " + message);
    }

    /** A builder that nobody has told anything notes nothing. */
    @Test(dataProvider = "losses")
    public void whatIsNotSetIsNotListed(Class<? extends Loss> type) {
        for (Method factory : Losses.class.getMethods()) {
            if (factory.getReturnType() == type && factory.getParameterCount() == 0) {
                AbstractLoss loss = (AbstractLoss) Catalogue.call(factory, null);
                assertEquals(loss.getOptions().toString(), "{}", factory.getName());
                assertEquals(loss.toString(), type.getSimpleName());
            }
        }
    }

    @Test
    public void penaltiesListWhatTheyPenalize() {
        Block block = new SequentialBlock().add(Linear.builder().setUnits(2).build());
        L2Regularization loss =
                L2Regularization.builder()
                        .setBlock(block)
                        .optParameters((name, parameter) -> true)
                        .build();
        assertEquals(loss.getOptions().keySet(), Set.of("block", "parameters"));
        assertSame(loss.getOptions().get("block"), block);
        assertTrue(
                loss.toString().startsWith("L2Regularization(block=SequentialBlock, "), "" + loss);
        try (Model model = Model.newInstance("test")) {
            assertSame(
                    L2Regularization.builder().setModel(model).build().getOptions().get("model"),
                    model);
        }
    }

    /** What is handed out is a copy: changing it changes no loss. */
    @Test(dataProvider = "losses")
    public void arraysAreCopies(Class<? extends Loss> type) {
        for (GoldenRow row : GoldenRow.of(type)) {
            AbstractLoss loss = (AbstractLoss) Catalogue.build(type, row.options(), null);
            String before = loss.toString();
            for (Object value : loss.getOptions().values()) {
                if (value.getClass().isArray()) {
                    for (int i = 0; i < Array.getLength(value); i++) {
                        Array.set(value, i, 77);
                    }
                }
            }
            assertEquals(loss.toString(), before);
        }
    }

    @Test
    public void aListCannotBeChanged() {
        for (Class<? extends Loss> type : List.copyOf(Catalogue.withRows())) {
            GoldenRow row = GoldenRow.of(type).get(0);
            AbstractLoss loss = (AbstractLoss) Catalogue.build(type, row.options(), null);
            expectThrows(UnsupportedOperationException.class, () -> loss.getOptions().put("x", 1));
        }
    }
}
