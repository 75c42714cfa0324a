/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertSame;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.ndarray.NDArray;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

/** Divisors that Java knows: no operation may be spent on them, and a stub fails for any. */
public class DivisorTest {

    @DataProvider
    public Object[][] numbers() {
        return new Object[][] {
            {4.0, 0.25}, {1.0, 1.0}, {0.5, 2.0}, {0.0, 0.0}, {-0.0, 0.0}, {Double.NaN, Double.NaN},
        };
    }

    @Test(dataProvider = "numbers")
    public void knowsItsNumber(double number, double factor) {
        Divisor divisor = Divisor.of(number);
        assertTrue(divisor.isKnown());
        assertEquals(divisor.toDouble(), number);
        assertEquals(divisor.factor(), factor);
    }

    @DataProvider
    public Object[][] unchanged() {
        return new Object[][] {
            {1.0, EmptyPolicy.NAN},
            {1.0, EmptyPolicy.ZERO},
            {1.0, EmptyPolicy.ERROR},
        };
    }

    private static AbstractLoss loss(EmptyPolicy policy) {
        return new SimpleBuilder<AbstractLoss>("Loss", Difference::new)
                .optEmptyPolicy(policy)
                .build();
    }

    private static final class Difference extends ElementwiseLoss {

        Difference(LossBuilder<?, ?> builder) {
            super(builder);
        }

        @Override
        protected NDArray unreduced(NDArray label, NDArray prediction) {
            return prediction.sub(label);
        }
    }

    /** Dividing by 1 costs nothing. */
    @Test(dataProvider = "unchanged")
    public void leavesTheSum(double number, EmptyPolicy policy) {
        NDArray sum = Stub.of(3);
        Divisor divisor = Divisor.of(number);
        assertSame(divisor.value(divisor.quotient(sum), loss(policy)), sum);
    }

    @Test
    public void rejectsAMeanOfNothing() {
        Divisor divisor = Divisor.of(0);
        IllegalArgumentException e =
                expectThrows(
                        IllegalArgumentException.class,
                        () -> divisor.value(Stub.of(0), loss(EmptyPolicy.ERROR)));
        assertEquals(
                e.getMessage(),
                "Loss: there is nothing to average (an empty batch, or every target is ignored or"
                        + " masked); pass at least one target, or build the loss with"
                        + " optEmptyPolicy(EmptyPolicy.ZERO)");
    }
}
