/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

import org.testng.SkipException;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Locale;

/** Both engines load from the class path, or the report says which one has no library here. */
public class EnginesIT {

    @DataProvider
    public Object[][] engines() {
        return new Object[][] {{"PyTorch", "2.7.1"}, {"MXNet", "1.9.0"}};
    }

    @Test(dataProvider = "engines")
    public void engineLoadsAndComputes(String name, String version) {
        if (!Engine.hasEngine(name)) {
            // MXNet has no library for ARM, so the build leaves it out there.
            String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
            assertTrue(name.equals("MXNet") && !arch.equals("amd64"), name + " is missing");
            throw new SkipException(name + " has no native library for " + arch);
        }
        Engine engine = Engine.getEngine(name);
        assertEquals(engine.getVersion(), version);
        try (NDManager manager = Place.manager(engine)) {
            NDArray sum = manager.create(new float[] {1, 2, 3}).add(1).sum();
            assertEquals(sum.getFloat(), 9f);
        }
    }

    @Test
    public void pytorchIsTheDefault() {
        assertEquals(Engine.getInstance().getEngineName(), "PyTorch");
    }
}
