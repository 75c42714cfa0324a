/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertSame;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

import org.testng.SkipException;
import org.testng.annotations.BeforeClass;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Two engines in one process: a loss follows the prediction it is given. */
public class BothEnginesIT {

    private static final int ROUNDS = Boolean.getBoolean("djlosses.nightly") ? 200 : 10;

    @BeforeClass
    public void bothAreHere() {
        if (Outcome.engines().size() < 2) {
            throw new SkipException("there is one engine on this platform: " + Outcome.engines());
        }
    }

    @DataProvider
    public Object[][] losses() {
        return Catalogue.each();
    }

    @Test(dataProvider = "losses")
    public void theyTakeTurnsWithOneObject(Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        Loss loss = Catalogue.build(type, row.options(), null);
        for (int i = 0; i < ROUNDS; i++) {
            for (String engine : Outcome.engines()) {
                expect(row, Outcome.of(engine, loss, row, DataType.FLOAT64));
            }
        }
    }

    @Test(dataProvider = "losses")
    public void theyComputeAtOnceWithOneObject(Class<? extends Loss> type) throws Exception {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        Loss loss = Catalogue.build(type, row.options(), null);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (String engine : Outcome.engines()) {
                tasks.add(
                        () -> {
                            for (int i = 0; i < ROUNDS; i++) {
                                expect(row, Outcome.of(engine, loss, row, DataType.FLOAT64));
                            }
                            return null;
                        });
            }
            for (Future<Void> future : threads.invokeAll(tasks)) {
                future.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    private static void expect(GoldenRow row, Outcome outcome) {
        assertEquals(
                Outcome.difference(row.value().values(), outcome.value(), 1e-6, 1e-9),
                null,
                "" + row);
        for (int i = 0; i < row.predictions().size(); i++) {
            Data gradient = row.gradients().get(i);
            if (gradient != null) {
                assertEquals(
                        Outcome.difference(
                                gradient.values(), outcome.gradients().get(i), 1e-6, 1e-9),
                        null,
                        row + " gradient " + i);
            }
        }
    }

    @Test(dataProvider = "losses")
    public void thePredictionChoosesTheEngine(Class<? extends Loss> type) {
        GoldenRow row = GoldenRow.seeds(type).get(0);
        Loss loss = Catalogue.build(type, row.options(), null);
        String property = "ai.djl.default_engine";
        String before = System.getProperty(property);
        try {
            for (String byDefault : Outcome.engines()) {
                System.setProperty(property, byDefault);
                for (String engine : Outcome.engines()) {
                    try (NDManager manager = Place.manager(engine)) {
                        NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                        NDList predictions =
                                Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                        NDArray value = loss.evaluate(labels, predictions);
                        assertSame(value.getManager().getEngine(), Engine.getEngine(engine));
                        assertSame(value.getClass(), predictions.get(0).getClass());
                    }
                }
            }
        } finally {
            if (before == null) {
                System.clearProperty(property);
            } else {
                System.setProperty(property, before);
            }
        }
    }
}
